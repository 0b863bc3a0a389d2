using SdsServer.Core.Rotation;

namespace SdsServer.Admin.Log;

/// <summary>A line of the log, understood.</summary>
/// <param name="Number">Its number; numbers rise.</param>
/// <param name="RotationId">The rotation that was under way, or empty.</param>
internal sealed record LoggedDecision(long Number, Decision Entry, LoggedAction Action, string RotationId);
