namespace SdsServer.Core.Audit;

/// <summary>What a look through a log has found.</summary>
/// <param name="Head">The last line that is as it was written.</param>
/// <param name="Lines">Lines that were looked at and fit.</param>
/// <param name="Break">The first place that is wrong; null for an intact log.</param>
public sealed record LogReport(LogHead Head, long Lines, LogBreak? Break);
