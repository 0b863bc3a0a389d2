namespace SdsServer.Xds;

/// <summary>A stream that is open now, as others in the process see it. Safe for concurrent use.</summary>
internal sealed class OpenStream(long id, StreamClient client, string method, DateTimeOffset since, DeliveryMailbox mailbox)
{
    private volatile SubscriptionStatus[] _subscriptions = [];

    /// <summary>Unique in this process.</summary>
    public long Id => id;

    public StreamClient Client => client;

    /// <summary>The path of the call, which tells the protocol.</summary>
    public string Method => method;

    public DateTimeOffset Since => since;

    /// <summary>The names it is subscribed to, in the order in which they came.</summary>
    public IReadOnlyList<SubscriptionStatus> Subscriptions => _subscriptions;

    /// <summary>
    /// Sends what the client has accepted once more: the cure for a listener that came up without its secret (envoyproxy/envoy#47309).
    /// </summary>
    public void Resend() => mailbox.RequestResend();

    /// <summary>Looks again whether its evidence stands.</summary>
    public void Reconsider() => mailbox.Wake();

    /// <summary>For the loop that owns the stream.</summary>
    public void Publish(SubscriptionStatus[] subscriptions) => _subscriptions = subscriptions;
}
