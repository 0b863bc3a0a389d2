using System.Collections.Immutable;
using System.Globalization;
using SdsServer.Core.Fleet;
using SdsServer.Core.Pki;
using SdsServer.Core.Secrets;
using SdsServer.Grpc;
using RpcStatus = SdsServer.Protos.Google.Rpc.Status;

namespace SdsServer.Xds;

/// <summary>
/// The protocol state of secrets on one stream, common to state-of-the-world and delta: events in, messages out. It does no I/O, has no
/// clock and no locks, and decides nothing about content. At most one response is unanswered; newer deliveries wait behind it, the newest
/// of each name winning.
/// </summary>
internal abstract class DiscoverySession<TRequest>(StreamClient client, SecretNames names, XdsLimits limits, string nonces, Func<long> nextSubscription)
{
    private const int ReportedVersionLength = 4096;

    private readonly Dictionary<string, Subscription> _byName = new(StringComparer.Ordinal);

    // In the order in which they came, which is that of their ids.
    private readonly OrderedDictionary<long, Subscription> _byId = [];
    private long? _firstSubscription;
    private readonly List<FleetEvent> _events = [];
    private readonly List<SessionNote> _notes = [];
    private SecretResponse? _unanswered;
    private long _responses;
    private long _queued;
    private DateTimeOffset _resentAt = DateTimeOffset.MinValue;

    /// <summary>When <see cref="Wake"/> has something to do; null when nothing waits for the clock.</summary>
    public DateTimeOffset? WakeAt { get; private set; }

    public SubscriptionStatus[] Statuses
    {
        get
        {
            SubscriptionStatus[] statuses = new SubscriptionStatus[_byId.Count];
            int next = 0;
            foreach (Subscription subscription in _byId.Values)
            {
                statuses[next++] = subscription.Status;
            }

            return statuses;
        }
    }

    protected StreamClient Client => client;

    protected XdsLimits Limits => limits;

    protected Dictionary<string, Subscription>.ValueCollection Subscriptions => _byName.Values;

    /// <summary>The nonce of the newest response; null before the first.</summary>
    protected string? Nonce { get; private set; }

    protected bool IsUnanswered => _unanswered is not null;

    protected string? UnansweredVersion => _unanswered?.Version;

    /// <exception cref="RpcException">The client asks for more than it may; nothing has changed, and the stream ends.</exception>
    public SessionStep Handle(TRequest request, DateTimeOffset now)
    {
        Receive(request, now);
        return Step(now);
    }

    /// <summary>
    /// Takes content for names; what is for a subscription that is no longer open is dropped. Deliveries that come together are looked at
    /// together, so that two bundles can share a response.
    /// </summary>
    public SessionStep Deliver(ReadOnlySpan<Delivery> deliveries, DateTimeOffset now)
    {
        foreach (Delivery delivery in deliveries)
        {
            if (_byId.TryGetValue(delivery.Subscription, out Subscription? subscription))
            {
                Queue(subscription, WithPeers(delivery));
            }
        }

        return Step(now);
    }

    /// <summary>Sends what the client has accepted once more: it may have a new listener or cluster that never got it.</summary>
    public SessionStep Resend(DateTimeOffset now)
    {
        MarkForResend(now);
        return Step(now);
    }

    /// <summary>To be called at <see cref="WakeAt"/>; earlier it does nothing.</summary>
    public SessionStep Wake(DateTimeOffset now)
    {
        if (WakeAt <= now)
        {
            MarkForResend(now);
        }

        return Step(now);
    }

    /// <summary>The stream has ended. What was in flight stays unanswered.</summary>
    public ImmutableArray<FleetEvent> Close()
    {
        foreach (Subscription subscription in _byName.Values.OrderBy(subscription => subscription.Id).ToArray())
        {
            CloseSubscription(subscription);
        }

        return [.. _events];
    }

    public string NameOf(long subscription) => _byId.TryGetValue(subscription, out Subscription? found) ? found.Name : "";

    /// <summary>Applies a request to the state; no response is chosen yet. Refuses before it changes anything.</summary>
    protected abstract void Receive(TRequest request, DateTimeOffset now);

    /// <summary>Chooses what goes out next; <paramref name="waiting"/> is ordered and may be empty.</summary>
    protected abstract (ImmutableArray<ResponseItem> Items, ImmutableArray<string> Removed) Choose(IReadOnlyList<Subscription> waiting);

    /// <summary>There are names to be told that nothing stands behind them.</summary>
    protected virtual bool HasRemoved => false;

    /// <summary>The caller has no secret of that name.</summary>
    protected virtual void RefuseName(string name) => Note(SessionNoteKind.UnknownName, name);

    protected virtual void Queue(Subscription subscription, Delivery delivery) => subscription.Queue(delivery, ++_queued);

    protected SecretKind? KindOf(string name) => names.Resolve(name, client.Workload);

    protected Subscription? Find(string name) => _byName.GetValueOrDefault(name);

    protected void Open(string name, string? reportedVersion, string? heldVersion, DateTimeOffset now, bool joint = false)
    {
        if (KindOf(name) is not { } kind)
        {
            RefuseName(name);
            return;
        }

        Subscription subscription = new(nextSubscription(), name, kind, heldVersion, now);
        _byName.Add(name, subscription);
        _byId.Add(subscription.Id, subscription);
        _events.Add(new SubscriptionOpened(
            subscription.Id, client.Connection, client.Key, client.Workload, kind, name, reportedVersion, client.Node.Version)
        {
            Stream = _firstSubscription ??= subscription.Id,
            IsVersionJoint = joint,
            Traits = client.Traits,
            Admin = client.Admin,
            Anchors = client.Node.Anchors,
            ServedUnder = client.ServedUnder,
        });
    }

    protected void CloseSubscription(Subscription subscription)
    {
        subscription.Close();
        _byName.Remove(subscription.Name);
        _byId.Remove(subscription.Id);
        _events.Add(new SubscriptionClosed(subscription.Id));
    }

    /// <summary>The newest response is answered; only <paramref name="error"/> makes it a refusal (envoyproxy/envoy#14841).</summary>
    protected void Answer(RpcStatus? error, DateTimeOffset now)
    {
        SecretResponse answered = _unanswered!;
        _unanswered = null;
        string? text = error is null ? null : SecretRedactor.Redact(error.Message);
        foreach (ResponseItem item in answered.Items.Where(item => item.Subscription.IsOpen))
        {
            if (text is not null)
            {
                // Also of a re-sent content, whose delivery was accepted before: a new consumer in the proxy refuses the same bytes.
                item.Subscription.Nacked(text, now);
                _events.Add(new DeliveryNacked(item.Subscription.Id, item.Delivery, text));
            }
            else
            {
                item.Subscription.Acked(item.Payload, item.Delivery, now);
                if (!item.IsResend)
                {
                    _events.Add(new DeliveryAcked(item.Subscription.Id, item.Delivery));
                }
            }
        }
    }

    /// <summary>For a delivery that the protocol cannot express.</summary>
    protected void AnswerUnsent(Delivery delivery) => _events.Add(new DeliveryAcked(delivery.Subscription, delivery.Id));

    /// <summary>The client has shown that a part of it lacks what it accepted.</summary>
    protected void RequestResend(DateTimeOffset now)
    {
        if (now - _resentAt >= limits.Resend)
        {
            MarkForResend(now);
        }
        else
        {
            WakeAt = _resentAt + limits.Resend;
        }
    }

    protected void Note(SessionNoteKind kind, string subject) => _notes.Add(new(kind, subject));

    protected string Checked(string name) => name.Length <= limits.NameLength
        ? name
        : throw new RpcException(StatusCode.InvalidArgument, $"a secret name has {name.Length} characters, more than the {limits.NameLength} allowed");

    protected void CheckCount(int count)
    {
        if (count > limits.NamesPerStream)
        {
            throw new RpcException(
                StatusCode.ResourceExhausted, $"the stream asks for {count} secret names, more than the {limits.NamesPerStream} allowed");
        }
    }

    /// <summary>What a client says it holds; null if it says nothing, or something that no server of ours can have sent.</summary>
    protected static string? Reported(string? version) => version is { Length: > 0 and <= ReportedVersionLength } ? version : null;

    // Whom a bundle lets in is the workload's own; the owner of the trust domain knows of the roots alone.
    private Delivery WithPeers(Delivery delivery) =>
        !client.Workload.Peers.IsEmpty && delivery.Payload is BundlePayload bundle ? delivery with { Payload = bundle.For(client.Workload.Peers) } : delivery;

    private void MarkForResend(DateTimeOffset now)
    {
        (_resentAt, WakeAt) = (now, null);
        foreach (Subscription subscription in _byName.Values.Where(subscription => subscription is { Resendable: not null, Waiting: null }))
        {
            subscription.ResendDue = true;
            Note(SessionNoteKind.Resent, subscription.Name);
        }
    }

    private SessionStep Step(DateTimeOffset now)
    {
        SecretResponse? response = Next(now);
        SessionStep step = new([.. _events], response, [.. _notes]);
        _events.Clear();
        _notes.Clear();
        return step;
    }

    private SecretResponse? Next(DateTimeOffset now)
    {
        // While an answer is due only a delivery that replaces may go.
        List<Subscription> waiting = [];
        bool resend = false;
        foreach (Subscription subscription in _byId.Values)
        {
            resend |= subscription.ResendDue;
            if (subscription.Waiting is { } delivery && (!IsUnanswered || delivery.ReplacesUnanswered))
            {
                waiting.Add(subscription);
            }
        }

        if (waiting.Count == 0 && (IsUnanswered || !(resend || HasRemoved)))
        {
            return null;
        }

        if (waiting.Count > 1)
        {
            waiting = [.. waiting.OrderBy(subscription => subscription.Kind).ThenBy(subscription => subscription.WaitingSince)];
        }

        (ImmutableArray<ResponseItem> items, ImmutableArray<string> removed) = Choose(waiting);
        if (items.IsEmpty && removed.IsEmpty)
        {
            return null;
        }

        string version = VersionAfter(items);
        foreach (ResponseItem item in items)
        {
            item.Subscription.Sent(item.Payload, now);
        }

        foreach (Subscription subscription in _byName.Values)
        {
            subscription.WaitForAnswer();
        }

        ReportDisplaced(items);
        Nonce = string.Create(CultureInfo.InvariantCulture, $"{nonces}-{++_responses}");
        return _unanswered = new SecretResponse(Nonce, version, items, removed);
    }

    // The answer to an older nonce is stale: what was unanswered on the other names of this stream stays so.
    private void ReportDisplaced(ImmutableArray<ResponseItem> next)
    {
        foreach (ResponseItem item in _unanswered?.Items ?? [])
        {
            if (item is { IsResend: false, Subscription.IsOpen: true } && !next.Any(newer => newer.Subscription == item.Subscription))
            {
                _events.Add(new DeliveryDisplaced(item.Subscription.Id, item.Delivery));
            }
        }
    }

    private string VersionAfter(ImmutableArray<ResponseItem> items)
    {
        if (_byId.Count == 1 && items is [{ Payload: { } only }])
        {
            return only.Version;
        }

        Dictionary<long, string?> sent = items.ToDictionary(item => item.Subscription.Id, item => item.Payload?.Version);
        string version = SecretVersion.Join(_byName.Values
            .Select(subscription => sent.TryGetValue(subscription.Id, out string? next) ? next : subscription.HeldVersion)
            .OfType<string>());
        return version.Length > 0 ? version : "none";
    }
}
