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
}
