namespace SdsServer.Benchmarks.Envoys;

/// <summary>When a push was triggered, and how many responses each stream had then.</summary>
internal sealed record PushStart(long At, List<(SecretStream Stream, int Received)> Streams);
