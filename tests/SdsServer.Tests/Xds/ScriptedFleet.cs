using SdsServer.Core.Fleet;
using SdsServer.Core.Secrets;
using SdsServer.Testing;

namespace SdsServer.Tests.Xds;

/// <summary>
/// An owner of a trust domain that follows a script: a catalogue by name, delivered when asked for and whenever it changes. Unlike the real
/// one it has no patience: what waits for an answer is the streams' affair.
/// </summary>
internal sealed class ScriptedFleet
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, SecretPayload> _catalogue = [];
    private readonly Dictionary<long, (SubscriptionOpened Opened, SubscriptionPort Port)> _open = [];
    private readonly List<FleetEvent> _events = [];
    private long _deliveries;

    public FleetPort Port => new(Open, Post);

    public FleetEvent[] Events
    {
        get
        {
            lock (_lock)
            {
                return [.. _events];
            }
        }
    }

    public int OpenSubscriptions
    {
        get
        {
            lock (_lock)
            {
                return _open.Count;
            }
        }
    }

    public void Set(string name, SecretPayload payload, bool replaces = false)
    {
        lock (_lock)
        {
            _catalogue[name] = payload;
            Deliver(name, payload, replaces);
        }
    }

    public void Remove(string name)
    {
        lock (_lock)
        {
            _catalogue.Remove(name);
            Deliver(name, null, false);
        }
    }

    /// <summary>Waits for an event to be reported.</summary>
    public Task<T> SeenAsync<T>(Func<T, bool>? which = null)
        where T : FleetEvent => Condition.AwaitAsync<T>(
            typeof(T).Name, XdsTestServer.Patience, _ => Task.FromResult(Events.OfType<T>().FirstOrDefault(which ?? (_ => true))),
            () => string.Join(Environment.NewLine, Events.AsEnumerable()));

    public Task EmptyAsync() =>
        Condition.AwaitAsync("all subscriptions to be closed", XdsTestServer.Patience, _ => Task.FromResult(OpenSubscriptions == 0));

    /// <summary>Ends the streams on which this name is asked for.</summary>
    public void End(string name)
    {
        lock (_lock)
        {
            _open.Values.Where(open => open.Opened.Name == name).ToList().ForEach(static open => open.Port.End());
        }
    }

    private void Open(SubscriptionOpened opened, SubscriptionPort port)
    {
        lock (_lock)
        {
            _events.Add(opened);
            _open.Add(opened.Subscription, (opened, port));
            if (_catalogue.TryGetValue(opened.Name, out SecretPayload? payload))
            {
                port.Deliver(new Delivery(++_deliveries, opened.Subscription, payload, false));
            }
        }
    }

    private void Post(FleetEvent happened)
    {
        lock (_lock)
        {
            _events.Add(happened);
            if (happened is SubscriptionClosed closed)
            {
                Assert.True(_open.Remove(closed.Subscription), "closed what is not open");
            }
        }
    }

    private void Deliver(string name, SecretPayload? payload, bool replaces)
    {
        foreach ((SubscriptionOpened opened, SubscriptionPort port) in _open.Values.Where(open => open.Opened.Name == name))
        {
            port.Deliver(new Delivery(++_deliveries, opened.Subscription, payload, replaces));
        }
    }
}
