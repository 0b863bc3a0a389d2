using SdsServer.Core.Secrets;

namespace SdsServer.Core.Tests.Rotation.Model;

/// <summary>One SDS source of a simulated Envoy: a stream of its own, bytes of its own.</summary>
internal sealed class ModelProvider(SecretKind kind, string name)
{
    public SecretKind Kind { get; } = kind;

    public string Name { get; } = name;

    /// <summary>What arrived last. Kept, and its hash compared, before it is applied.</summary>
    public SecretPayload? Stored { get; set; }

    /// <summary>What the next first request reports: the version of the last answer that was not refused.</summary>
    public string? Accepted { get; set; }

    /// <summary>The open stream; null while it waits to try again.</summary>
    public long? Subscription { get; set; }

    /// <summary>It stays away for longer than any backoff: the server knows of its slot, and waits.</summary>
    public bool Slow { get; set; }

    /// <summary>Its cluster is gone: it never opens a stream again.</summary>
    public bool Removed { get; set; }

    /// <summary>The newest response on this stream; an answer to an older one is stale.</summary>
    public long NewestDelivery { get; set; }

    public TimeSpan? UnansweredSince { get; set; }

    /// <summary>When the last message of this stream arrives: later ones do not overtake it.</summary>
    public TimeSpan ArrivesAt { get; set; }
}
