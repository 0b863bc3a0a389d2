using SdsServer.Core.Rotation;

namespace SdsServer.Admin.Log;

/// <summary>A line of the log.</summary>
/// <param name="Number">Its number; numbers rise.</param>
/// <param name="Hash">Its hash in the chain.</param>
internal sealed record LoggedDecision(long Number, Decision Entry, string Hash);
