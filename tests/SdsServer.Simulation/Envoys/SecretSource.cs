using SdsServer.Core.Secrets;

namespace SdsServer.Simulation.Envoys;

/// <summary>One SDS provider of a simulated Envoy: a name, and bytes of its own. Two with one name on two streams share nothing.</summary>
internal sealed class SecretSource(SecretKind kind, string name, XdsClient client)
{
    public SecretKind Kind { get; } = kind;

    public string Name { get; } = name;

    /// <summary>Who asks for it.</summary>
    public XdsClient Client { get; } = client;

    /// <summary>What arrived last. Kept, and compared with what comes, before it is applied.</summary>
    public HeldSecret? Stored { get; set; }

    /// <summary>The version that a delta stream reports: of the last answer that was not refused.</summary>
    public string? Accepted { get; set; }

    /// <summary>Its cluster or listener is gone: nobody asks for it again.</summary>
    public bool Removed { get; set; }

    /// <summary>Monotonic time at which that was.</summary>
    public TimeSpan RemovedAt { get; set; }

    /// <summary>When the engine sent what the server has no answer to yet.</summary>
    public TimeSpan? UnansweredSince { get; set; }

    /// <summary>What the server sent last on this stream.</summary>
    public string? Sent { get; set; }

    /// <summary>The server has heard that what it sent last on this stream was refused.</summary>
    public bool Refused { get; set; }

    /// <summary>The server has heard of something that was accepted on this stream.</summary>
    public bool HasAccepted { get; set; }

    /// <summary>Whether a new stream says that it holds this version; one that may be of several secrets says it of none.</summary>
    public bool Reports(string version) => Client.Dialect == Dialect.Delta
        ? (Accepted ?? "").Contains(version, StringComparison.Ordinal)
        : !Client.Aggregated && Client.Accepted.Contains(version, StringComparison.Ordinal);

    /// <summary>Whether a new stream says this of what it holds.</summary>
    public bool Says(string text) => (Client.Dialect == Dialect.Delta ? Accepted ?? "" : Client.Accepted).Contains(text, StringComparison.Ordinal);

    public override string ToString() => $"{Name}@{Client.Number}";
}
