using SdsServer.Core.Fleet;
using SdsServer.Core.Secrets;
using SdsServer.Xds;
using RpcStatus = SdsServer.Protos.Google.Rpc.Status;

namespace SdsServer.Tests.Xds;

/// <summary>Plays client and owner against one session, with a clock of its own.</summary>
internal abstract class SessionDriver<TRequest>
{
    private long _subscriptions = 100;
    private long _deliveries = 1000;

    public DateTimeOffset Now { get; set; } = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public XdsLimits Limits { get; init; } = new() { NamesPerStream = 5, NameLength = 40 };

    public Workload Workload { get; init; } = TestSecrets.Workload;

    public DiscoverySession<TRequest> Session => field ??= Create();

    /// <summary>The open subscriptions' numbers, by name.</summary>
    public Dictionary<string, long> Open { get; } = [];

    /// <summary>The last response.</summary>
    public SecretResponse? Last { get; private set; }

    public SessionStep Deliver(string name, SecretPayload? payload, bool replaces = false) => Deliver(Open[name], payload, replaces);

    public SessionStep Deliver(long subscription, SecretPayload? payload, bool replaces = false) =>
        Took(Session.Deliver([Delivery(subscription, payload, replaces)], Now));

    public SessionStep DeliverTogether(params (string Name, SecretPayload? Payload)[] deliveries) =>
        Took(Session.Deliver([.. deliveries.Select(delivery => Delivery(Open[delivery.Name], delivery.Payload, false))], Now));

    public SessionStep Handle(TRequest request) => Took(Session.Handle(request, Now));

    public SessionStep Took(SessionStep step)
    {
        foreach (FleetEvent happened in step.Events)
        {
            if (happened is SubscriptionOpened opened)
            {
                Open[opened.Name] = opened.Subscription;
            }
            else if (happened is SubscriptionClosed closed)
            {
                Open.Remove(Open.First(open => open.Value == closed.Subscription).Key);
            }
        }

        Last = step.Response ?? Last;
        return step;
    }

    protected abstract DiscoverySession<TRequest> Create();

    protected long NextSubscription() => ++_subscriptions;

    protected static RpcStatus Refusal(string error) => new() { Code = 13, Message = error };

    private Delivery Delivery(long subscription, SecretPayload? payload, bool replaces) => new(++_deliveries, subscription, payload, replaces);
}
