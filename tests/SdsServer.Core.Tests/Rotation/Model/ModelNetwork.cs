using SdsServer.Core.Fleet;
using SdsServer.Core.Secrets;

namespace SdsServer.Core.Tests.Rotation.Model;

/// <summary>Streams between simulated Envoys and the server: delays, losses, backoff.</summary>
internal sealed class ModelNetwork(VirtualTime time, VirtualServer server, ModelClaims claims, FleetPolicy policy, Random random, Action<string> trace)
{
    private long _lastConnection;
    private long _lastSubscription;

    /// <summary>Part of all messages whose stream dies with them.</summary>
    public double Loss { get; set; }

    /// <summary>Part of all answers that take longer than anyone waits.</summary>
    public double Late { get; set; }

    /// <summary>A new process opens its streams, not quite together.</summary>
    public void Boot(ModelEnvoy envoy)
    {
        foreach (ModelProvider provider in envoy.Providers)
        {
            Retry(envoy, provider, TimeSpan.FromSeconds(0.05 + (0.65 * random.NextDouble())));
        }
    }

    /// <summary>A new context on sources that have their bytes already is built at once.</summary>
    public void Built(ModelEnvoy envoy, ModelContext context)
    {
        if (context.Complete)
        {
            context.Build();
            claims.OnBuilt(envoy);
        }
    }

    public void Add(ModelEnvoy envoy, ModelProvider provider) => Connect(envoy, provider);

    /// <summary>One stream ends; its connection stays.</summary>
    public void DropStream(ModelEnvoy envoy, ModelProvider provider)
    {
        if (provider.Subscription is { } subscription)
        {
            trace($"{envoy.Name}/{provider.Name} loses its stream {subscription}");
            provider.Subscription = null;
            provider.UnansweredSince = null;
            server.Post(new SubscriptionClosed(subscription));
            provider.Slow = IsKnown(envoy) && random.Next(8) == 0;
            Retry(envoy, provider, provider.Slow ? ModelSettings.SlowestSlot * random.NextDouble() : Backoff());
        }
    }

    /// <summary>The connection ends; the server hears of it when it hears of it.</summary>
    public void DropConnection(ModelEnvoy envoy, TimeSpan notice)
    {
        if (envoy.Connection is not { } connection)
        {
            return;
        }

        trace($"{envoy.Name} loses connection {connection}, the server hears of it after {notice.TotalSeconds:0.0} s");
        envoy.Connection = null;
        List<long> open = [];
        foreach (ModelProvider provider in envoy.Providers)
        {
            if (provider.Subscription is { } subscription)
            {
                open.Add(subscription);
                provider.Subscription = null;
                provider.UnansweredSince = null;
                Retry(envoy, provider, Backoff());
            }
        }

        time.After(notice, () =>
        {
            open.ForEach(subscription => server.Post(new SubscriptionClosed(subscription)));
            server.Post(new ConnectionClosed(connection));
        });
    }

    public TimeSpan Backoff() => random.Next(2) == 0
        ? TimeSpan.FromSeconds(0.1 + (2 * random.NextDouble()))
        : TimeSpan.FromSeconds(0.1 + ((ModelSettings.LongestBackoff.TotalSeconds - 0.3) * random.NextDouble()));

    // Whoever holds a leaf has its slots in the ledger, and is waited for beyond the longest backoff.
    private static bool IsKnown(ModelEnvoy envoy) => envoy.Contexts.All(context => context.Presents is not null);

    private void Retry(ModelEnvoy envoy, ModelProvider provider, TimeSpan delay) => time.After(delay, () => Connect(envoy, provider));

    private void Connect(ModelEnvoy envoy, ModelProvider provider)
    {
        if (!envoy.Alive || provider.Removed || provider.Subscription is not null)
        {
            return;
        }

        if (!server.Up || time.Up < envoy.CutOffUntil)
        {
            Retry(envoy, provider, Backoff());
            return;
        }

        long connection = envoy.Connection ??= ++_lastConnection;
        long subscription = ++_lastSubscription;
        provider.Subscription = subscription;
        provider.Slow = false;
        provider.UnansweredSince = null;
        provider.ArrivesAt = time.Up;
        trace($"{envoy.Name}/{provider.Name} opens {subscription} on connection {connection}, reports {provider.Accepted}");
        server.Open(
            new SubscriptionOpened(subscription, connection, envoy.Key, envoy.Workload, provider.Kind, provider.Name, provider.Accepted, "1.40.0"),
            delivery => Send(envoy, provider, subscription, delivery));
    }

    private void Send(ModelEnvoy envoy, ModelProvider provider, long subscription, Delivery delivery)
    {
        if (provider.Subscription != subscription)
        {
            return;
        }

        claims.OnDelivery(envoy, provider, delivery, policy.AckTimeout);
        trace($"{envoy.Name}/{provider.Name} is sent {delivery.Payload!.Version} ({delivery.Id})");
        provider.NewestDelivery = delivery.Id;
        provider.UnansweredSince = time.Up;
        InOrder(provider, Latency(), () => Arrive(envoy, provider, subscription, delivery));
    }

    private void Arrive(ModelEnvoy envoy, ModelProvider provider, long subscription, Delivery delivery)
    {
        if (!envoy.Alive || provider.Subscription != subscription)
        {
            return;
        }

        if (random.NextDouble() < Loss)
        {
            DropStream(envoy, provider);
            return;
        }

        bool accepted = envoy.Receive(provider, delivery.Payload!);
        trace($"{envoy.Name}/{provider.Name} {(accepted ? "accepts" : "refuses")} {delivery.Payload!.Version}{(envoy.Silent ? " and says nothing" : "")}");
        claims.OnBuilt(envoy);
        if (envoy.Silent)
        {
            envoy.Withheld.Add(() => Answer(envoy, provider, subscription, delivery, accepted));
            return;
        }

        if (random.NextDouble() < Loss)
        {
            DropStream(envoy, provider);
            return;
        }

        TimeSpan delay = random.NextDouble() < Late ? policy.AckTimeout * (0.5 + random.NextDouble()) : Latency();
        InOrder(provider, delay, () => Answer(envoy, provider, subscription, delivery, accepted));
    }

    private void Answer(ModelEnvoy envoy, ModelProvider provider, long subscription, Delivery delivery, bool accepted)
    {
        // An answer to an older response than the stream's newest is stale: the session drops it.
        if (provider.Subscription != subscription || provider.NewestDelivery != delivery.Id)
        {
            return;
        }

        provider.UnansweredSince = null;
        if (!accepted)
        {
            envoy.Spoilt.Add(delivery.Payload!.Version);
        }

        FleetEvent answer = accepted ? new DeliveryAcked(subscription, delivery.Id) : new DeliveryNacked(subscription, delivery.Id, "no");
        server.Post(answer);
        if (random.Next(20) == 0)
        {
            time.After(Latency(), () => server.Post(answer));
        }
    }

    private void InOrder(ModelProvider provider, TimeSpan delay, Action action)
    {
        TimeSpan at = time.Up + delay;
        provider.ArrivesAt = at > provider.ArrivesAt ? at : provider.ArrivesAt;
        time.After(provider.ArrivesAt - time.Up, action);
    }

    private TimeSpan Latency() => TimeSpan.FromMilliseconds(1 + random.Next(40));
}
