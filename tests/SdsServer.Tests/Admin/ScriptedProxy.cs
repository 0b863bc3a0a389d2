using SdsServer.Core.Fleet;
using SdsServer.Core.Secrets;
using SdsServer.Hosting;

namespace SdsServer.Tests.Admin;

/// <summary>An Envoy with one bundle and one leaf subscription that answers as the test says.</summary>
internal sealed class ScriptedProxy
{
    private static long s_numbers = 1_000_000;

    private readonly TrustDomainLoop _loop;
    private readonly long _connection = Interlocked.Increment(ref s_numbers);
    private readonly long _bundle = Interlocked.Increment(ref s_numbers);
    private readonly long _leaf = Interlocked.Increment(ref s_numbers);
    private readonly Lock _lock = new();
    private readonly List<Delivery> _unanswered = [];
    private string? _refusal;
    private bool _silent;

    public ScriptedProxy(TrustDomainLoop loop, string name, string version = "1.40.0")
    {
        _loop = loop;
        SpiffeId = $"spiffe://example.org/{name}";
        InstanceKey key = new(SpiffeId, name, "ip:10.0.0.1");
        Workload workload = new(SpiffeId, [], BundleOnly: false);
        loop.Port.Open(new SubscriptionOpened(_bundle, _connection, key, workload, SecretKind.Bundle, "ROOTCA", null, version), Take);
        loop.Port.Open(new SubscriptionOpened(_leaf, _connection, key, workload, SecretKind.Leaf, "default", null, version), Take);
    }

    public string SpiffeId { get; }

    /// <summary>The serial of the leaf it took last.</summary>
    public string? Leaf { get; private set; }

    /// <summary>It answers nothing until <see cref="Resume"/>.</summary>
    public void FallSilent() => Set(silent: true, refusal: null);

    /// <summary>It refuses everything with these words.</summary>
    public void Refuse(string words) => Set(silent: false, words);

    /// <summary>It accepts everything, also what is waiting.</summary>
    public void Resume()
    {
        Set(silent: false, refusal: null);
        List<Delivery> waiting;
        lock (_lock)
        {
            waiting = [.. _unanswered];
            _unanswered.Clear();
        }

        waiting.ForEach(Take);
    }

    public void Leave()
    {
        _loop.Port.Post(new SubscriptionClosed(_bundle));
        _loop.Port.Post(new SubscriptionClosed(_leaf));
        _loop.Port.Post(new ConnectionClosed(_connection));
    }

    private void Set(bool silent, string? refusal)
    {
        lock (_lock)
        {
            (_silent, _refusal) = (silent, refusal);
        }
    }

    private void Take(Delivery delivery)
    {
        lock (_lock)
        {
            if (delivery.Payload is null)
            {
                return;
            }

            if (_silent)
            {
                _unanswered.Add(delivery);
                return;
            }

            if (_refusal is null && delivery.Payload is LeafPayload leaf)
            {
                Leaf = leaf.Serial;
            }

            _loop.Port.Post(_refusal is { } words
                ? new DeliveryNacked(delivery.Subscription, delivery.Id, words)
                : new DeliveryAcked(delivery.Subscription, delivery.Id));
        }
    }
}
