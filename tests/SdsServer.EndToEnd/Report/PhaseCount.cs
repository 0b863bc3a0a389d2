namespace SdsServer.EndToEnd.Report;

/// <summary>Full handshakes in one phase, in each direction.</summary>
internal sealed record PhaseCount(string Phase, IReadOnlyList<long> FullHandshakes);
