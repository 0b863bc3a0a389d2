namespace SdsServer.Limits;

/// <summary>How many connections whose callers are not known yet the proxies' listeners hold, and for how long.</summary>
public sealed record ConnectionLimits
{
    /// <summary>Connections from one address, on which nobody has shown who it is. One more is closed.</summary>
    public int UnidentifiedPerAddress { get; init; } = 1_000;

    /// <summary>The same from all addresses.</summary>
    public int Unidentified { get; init; } = 10_000;

    /// <summary>How long a connection may go without a stream whose caller is known.</summary>
    public TimeSpan Identify { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Bytes of messages that are not whole yet, on one connection; more of them end their stream with RESOURCE_EXHAUSTED. An Envoy without ADS that
    /// comes back sends up to a thousand requests of 60 KiB side by side; those that are too many at once come again with its backoff.
    /// </summary>
    public int PartialPerConnection { get; init; } = 16 * 1024 * 1024;

    /// <summary>The same of all connections from one address.</summary>
    public int PartialPerAddress { get; init; } = 64 * 1024 * 1024;

    /// <summary>The same of all connections.</summary>
    public int Partial { get; init; } = 256 * 1024 * 1024;
}
