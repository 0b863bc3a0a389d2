using SdsServer.Core.Rotation;

namespace SdsServer.Admin.Log;

/// <summary>A line of the log.</summary>
/// <param name="Number">Its number; numbers rise.</param>
internal sealed record LoggedDecision(long Number, Decision Entry);
