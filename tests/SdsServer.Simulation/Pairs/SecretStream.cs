using SdsServer.Core.Fleet;
using SdsServer.Core.Secrets;
using SdsServer.Xds;

namespace SdsServer.Simulation.Pairs;

/// <summary>One stream for one secret, both ends: the proxy's messages and the server's production session; between them pass bytes.</summary>
internal abstract class SecretStream(string name)
{
    public string Name => name;

    public bool IsOpen { get; set; } = true;

    public abstract DateTimeOffset? WakeAt { get; }

    /// <summary>The first request.</summary>
    /// <param name="accepted">The version that the proxy holds; empty: none.</param>
    /// <param name="now">The server's time.</param>
    public abstract SessionStep Open(string accepted, DateTimeOffset now);

    /// <summary>An ACK or, with an <paramref name="error"/>, a NACK.</summary>
    public abstract SessionStep Answer(Received received, string accepted, string? error, DateTimeOffset now);

    public abstract SessionStep Deliver(Delivery delivery, DateTimeOffset now);

    public abstract SessionStep Wake(DateTimeOffset now);

    public abstract IReadOnlyList<FleetEvent> Close();

    /// <summary>The response on the wire, and what the proxy reads there; null when it brings no secret.</summary>
    public abstract Received? Read(SecretResponse response);

    protected static byte[] Concat(ReadOnlyMemory<byte>[] pieces) => [.. pieces.SelectMany(piece => piece.ToArray())];
}
