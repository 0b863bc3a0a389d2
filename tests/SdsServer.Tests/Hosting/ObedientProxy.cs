using System.Collections.Concurrent;
using SdsServer.Core.Fleet;
using SdsServer.Core.Secrets;
using SdsServer.Hosting;

namespace SdsServer.Tests.Hosting;

/// <summary>A proxy with one bundle and one leaf subscription that accepts whatever it is sent.</summary>
internal sealed class ObedientProxy
{
    private static long s_numbers = 1_000;

    private readonly ConcurrentQueue<SecretPayload> _held = new();
    private readonly TrustDomainLoop _loop;
    private readonly long _connection = Interlocked.Increment(ref s_numbers);
    private readonly long _bundle = Interlocked.Increment(ref s_numbers);
    private readonly long _leaf = Interlocked.Increment(ref s_numbers);

    public ObedientProxy(TrustDomainLoop loop, string name)
    {
        _loop = loop;
        string id = $"spiffe://example.org/{name}";
        InstanceKey key = new(id, name, "ip:127.0.0.1");
        Workload workload = new(id, [], BundleOnly: false);
        Accepts = true;
        loop.Port.Open(new SubscriptionOpened(_bundle, _connection, key, workload, SecretKind.Bundle, "ROOTCA", null, ""), new SubscriptionPort(Take, static () => { }));
        loop.Port.Open(new SubscriptionOpened(_leaf, _connection, key, workload, SecretKind.Leaf, "default", null, ""), new SubscriptionPort(Take, static () => { }));
    }

    /// <summary>False: it answers nothing.</summary>
    public bool Accepts { get; set; }

    public LeafPayload? Leaf => _held.OfType<LeafPayload>().LastOrDefault();

    public BundlePayload? Bundle => _held.OfType<BundlePayload>().LastOrDefault();

    public void Leave()
    {
        _loop.Port.Post(new SubscriptionClosed(_bundle));
        _loop.Port.Post(new SubscriptionClosed(_leaf));
        _loop.Port.Post(new ConnectionClosed(_connection));
    }

    private void Take(Delivery delivery)
    {
        if (Accepts && delivery.Payload is { } payload)
        {
            _held.Enqueue(payload);
            _loop.Port.Post(new DeliveryAcked(delivery.Subscription, delivery.Id));
        }
    }
}
