namespace SdsServer.Core.Rotation;

/// <summary>The next move of a plan and whether its gate is open.</summary>
/// <param name="Subject">The root id (AddTrust, DropTrust), the authority id (SetSigner), or empty.</param>
/// <param name="OpensAt">When a soak that is the only thing left ends; null when it is open or waits for evidence.</param>
public sealed record Verdict(MoveKind Move, string Subject, Gate Gate, bool Open, DateTimeOffset? OpensAt);
