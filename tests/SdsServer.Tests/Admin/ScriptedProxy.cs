using SdsServer.Core.Fleet;
using SdsServer.Core.Rotation;
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
    private bool _leavesOnly;

    /// <param name="traits">What waves select it by; null: its identity alone.</param>
    /// <param name="admin">Where its Envoy's admin answers.</param>
    /// <param name="managed">It takes its bundle from here.</param>
    /// <param name="anchors">The roots that its node says its bootstrap knows the server by.</param>
    public ScriptedProxy(TrustDomainLoop loop, string name, string version = "1.40.0", ProxyTraits? traits = null, Uri? admin = null, bool managed = true, params string[] anchors)
    {
        _loop = loop;
        SpiffeId = $"spiffe://example.org/{name}";
        InstanceKey key = new(SpiffeId, name, "ip:10.0.0.1");
        Workload workload = new(SpiffeId, [], BundleOnly: false);
        if (managed)
        {
            loop.Port.Open(Opened(_bundle, SecretKind.Bundle, "ROOTCA"), new SubscriptionPort(Take, static () => { }));
        }

        loop.Port.Open(Opened(_leaf, SecretKind.Leaf, "default"), new SubscriptionPort(Take, static () => { }));

        SubscriptionOpened Opened(long id, SecretKind kind, string secret) =>
            new(id, _connection, key, workload, kind, secret, null, version) { Traits = traits, Admin = admin, Anchors = [.. anchors] };
    }

    public string SpiffeId { get; }

    /// <summary>The serial of the leaf it took last.</summary>
    public string? Leaf { get; private set; }

    /// <summary>PEM of that leaf and what travels with it.</summary>
    public ReadOnlyMemory<byte> Chain { get; private set; }

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

    /// <summary>It refuses leaves, and takes bundles.</summary>
    public void RefuseLeaves(string words) => Set(silent: false, words, leavesOnly: true);

    private void Set(bool silent, string? refusal, bool leavesOnly = false)
    {
        lock (_lock)
        {
            (_silent, _refusal, _leavesOnly) = (silent, refusal, leavesOnly);
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

            string? refusal = _leavesOnly && delivery.Payload is not LeafPayload ? null : _refusal;
            if (refusal is null && delivery.Payload is LeafPayload leaf)
            {
                (Leaf, Chain) = (leaf.Serial, leaf.ChainPem);
            }

            _loop.Port.Post(refusal is { } words
                ? new DeliveryNacked(delivery.Subscription, delivery.Id, words)
                : new DeliveryAcked(delivery.Subscription, delivery.Id));
        }
    }
}
