namespace SdsServer.Xds;

/// <summary>What one client may ask for, and how long it may take.</summary>
public sealed record XdsLimits
{
    /// <summary>Names one stream may be subscribed to. More end it with RESOURCE_EXHAUSTED.</summary>
    public int NamesPerStream { get; init; } = 100;

    /// <summary>Characters of a name; the default is the longest SPIFFE ID. A longer one ends the stream with INVALID_ARGUMENT.</summary>
    public int NameLength { get; init; } = 2048;

    /// <summary>Characters of <c>node.id</c> and of <c>node.cluster</c>.</summary>
    public int NodeIdLength { get; init; } = 256;

    /// <summary>Open streams of all clients. One more is refused with RESOURCE_EXHAUSTED.</summary>
    public int Streams { get; init; } = 100_000;

    /// <summary>Open streams of one identity, which all replicas of a service share. One more is refused with RESOURCE_EXHAUSTED.</summary>
    public int StreamsPerIdentity { get; init; } = 50_000;

    /// <summary>
    /// Connections of one identity; each may be a process that is counted and issued leaves, and is counted from its first stream to its end. One more is
    /// refused in the same way.
    /// </summary>
    public int ConnectionsPerIdentity { get; init; } = 10_000;

    /// <summary>
    /// Node ids, and identities, that one connection may come with while it lives: it is one process, and each is remembered as one. More
    /// are refused with RESOURCE_EXHAUSTED.
    /// </summary>
    public int NodesPerConnection { get; init; } = 16;

    /// <summary>Requests in a second on one stream, ACKs among them; more end it with RESOURCE_EXHAUSTED.</summary>
    public int RequestsPerSecond { get; init; } = 100;

    /// <summary>Requests at once after a pause: an Envoy asks for its names one after the other.</summary>
    public int RequestBurst { get; init; } = 500;

    /// <summary>How long a new stream may take to say who it is.</summary>
    public TimeSpan FirstRequest { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// How long a connection may go on without a stream, after its last one has ended. Longer than the longest backoff of an Envoy, 30 s, after which it
    /// opens its stream anew.
    /// </summary>
    public TimeSpan IdleConnection { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>How long a write may wait for the client to read before the stream is dropped.</summary>
    public TimeSpan Write { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// The least time between two answers to a request that only repeats an answered one. Shorter than the 15 s for which Envoy holds a
    /// listener back, which is what the repeat is about (envoyproxy/envoy#47309).
    /// </summary>
    public TimeSpan Resend { get; init; } = TimeSpan.FromSeconds(5);
}
