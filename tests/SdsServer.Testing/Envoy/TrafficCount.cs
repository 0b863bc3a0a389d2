namespace SdsServer.Testing.Envoy;

/// <summary>What a <see cref="TrafficProbe"/> has sent. The difference of two counts is the traffic between them.</summary>
/// <param name="Fresh">Requests on a connection of their own: a full handshake each.</param>
/// <param name="Kept">Requests on connections that stay.</param>
/// <param name="Failed">How many of both got no proper answer.</param>
public readonly record struct TrafficCount(long Fresh, long Kept, long Failed)
{
    public long Sent => Fresh + Kept;

    public static TrafficCount operator -(TrafficCount later, TrafficCount earlier) => later.Subtract(earlier);

    public TrafficCount Subtract(TrafficCount earlier) => new(Fresh - earlier.Fresh, Kept - earlier.Kept, Failed - earlier.Failed);
}
