using SdsServer.Core.Secrets;

namespace SdsServer.Xds;

/// <summary>One name of one stream, from the request that names it to the one that lets it go.</summary>
internal sealed class Subscription(long id, string name, SecretKind kind, string? heldVersion, DateTimeOffset now)
{
    public long Id => id;

    public string Name => name;

    public SecretKind Kind => kind;

    public bool IsOpen { get; private set; } = true;

    /// <summary>The newest delivery that is still to be sent.</summary>
    public Delivery? Waiting { get; private set; }

    /// <summary>Orders subscriptions by how long they have been waiting.</summary>
    public long WaitingSince { get; private set; }

    /// <summary>The content last accepted on this stream is to be sent once more.</summary>
    public bool ResendDue { get; set; }

    /// <summary>The version the client holds: accepted on this stream, or reported when it came.</summary>
    public string? HeldVersion { get; private set; } = heldVersion;

    /// <summary>
    /// Content that may be sent again: accepted, and nothing was sent since. Bytes refused or unanswered never are, for Envoy would ACK
    /// them without applying them.
    /// </summary>
    public SecretPayload? Resendable => _state == SubscriptionState.Synced ? _held : null;

    /// <summary>The delivery that brought <see cref="Resendable"/>.</summary>
    public long HeldDelivery { get; private set; }

    private SubscriptionState _state = SubscriptionState.NotSent;
    private SecretPayload? _held;
    private string? _sentVersion;
    private string? _ackedVersion;
    private string? _error;
    private DateTimeOffset _changedAt = now;

    public SubscriptionStatus Status => new(name, kind, _state, _sentVersion, _ackedVersion, _error, _changedAt);

    public void Queue(Delivery delivery, long sequence)
    {
        WaitingSince = Waiting is null ? sequence : WaitingSince;
        Waiting = delivery with { ReplacesUnanswered = delivery.ReplacesUnanswered || Waiting is { ReplacesUnanswered: true } };
    }

    /// <summary>The response whose time had run out is replaced; the one that replaced it has its own time to be answered.</summary>
    public void WaitForAnswer() => Waiting = Waiting is null ? null : Waiting with { ReplacesUnanswered = false };

    public void Sent(SecretPayload? payload, DateTimeOffset now)
    {
        (Waiting, ResendDue, _error) = (null, false, null);
        _sentVersion = payload?.Version;
        Become(SubscriptionState.Stale, now);
    }

    public void Acked(SecretPayload? payload, long delivery, DateTimeOffset now)
    {
        (_held, HeldDelivery) = (payload, delivery);
        HeldVersion = _ackedVersion = payload?.Version;
        Become(SubscriptionState.Synced, now);
    }

    public void Nacked(string error, DateTimeOffset now)
    {
        _error = error;
        Become(SubscriptionState.Error, now);
    }

    /// <summary>The content was taken away where the protocol has no word for it: the client keeps it, we never send it again.</summary>
    public void Forget() => (_held, Waiting, ResendDue) = (null, null, false);

    public void Close() => (IsOpen, Waiting, _held) = (false, null, null);

    private void Become(SubscriptionState state, DateTimeOffset now) => (_state, _changedAt) = (state, now);
}
