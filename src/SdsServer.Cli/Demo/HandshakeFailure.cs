namespace SdsServer.Cli.Demo;

/// <summary>A handshake that failed: who with whom, why, and what both held.</summary>
internal sealed record HandshakeFailure(DateTimeOffset Time, string Phase, string Client, string Server, string Error)
{
    public override string ToString() => $"{Time:HH:mm:ss.fff} in {Phase}: {Client} -> {Server}: {Error}";
}
