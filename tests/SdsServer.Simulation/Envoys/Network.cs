using SdsServer.Core.Fleet;
using SdsServer.Core.Secrets;
using SdsServer.Protos.Envoy.Core.V3;
using SdsServer.Simulation.Runs;
using SdsServer.Testing.Virtual;
using SdsServer.Xds;

namespace SdsServer.Simulation.Envoys;

/// <summary>Streams between simulated Envoys and the server's sessions: delays, losses, backoff.</summary>
internal sealed class Network(VirtualTime time, VirtualServer server, Claims claims, Random random, Story story)
{
    private readonly StreamWorld _world = new();
    private readonly Dictionary<long, string?> _servedUnder = [];
    private long _lastConnection;

    /// <summary>Part of all messages whose stream dies with them.</summary>
    public double Loss { get; set; }

    /// <summary>Part of all answers that take longer than anyone waits.</summary>
    public double Late { get; set; }

    /// <summary>How long <see cref="Late"/> answers take, at most.</summary>
    public TimeSpan LatestAnswer { get; init; }

    /// <summary>One in so many lost streams of a process that the ledger knows stays away for longer than the longest backoff.</summary>
    public int SlowSlots { get; init; } = 8;

    /// <summary>How long such a stream stays away counts only while its process is connected, as the server reckons it.</summary>
    public bool SlowWhileConnected { get; init; }

    /// <summary>By how much streams that ask for leaves alone open later, at most.</summary>
    public TimeSpan LeafDelay { get; set; }

    /// <summary>Streams that are told to end are stuck in a write.</summary>
    public bool IsSlowToEnd { get; set; }

    /// <summary>A new process opens its streams, not quite together.</summary>
    public void Boot(SimulatedEnvoy envoy)
    {
        foreach (XdsClient client in envoy.Clients)
        {
            bool isLeaf = client.Sources.TrueForAll(static source => source.Kind == SecretKind.Leaf);
            Retry(envoy, client, TimeSpan.FromSeconds(0.05 + (0.65 * random.NextDouble())) + (isLeaf ? LeafDelay * random.NextDouble() : TimeSpan.Zero));
        }
    }

    /// <summary>A new context on sources that have their bytes already is built at once.</summary>
    public void Built(SimulatedEnvoy envoy, TlsContext context)
    {
        if (context.Complete)
        {
            context.Build();
            claims.OnBuilt(envoy);
        }
    }

    /// <summary>A context is gone, and what it presented with it.</summary>
    public void Dropped(SimulatedEnvoy envoy) => claims.OnBuilt(envoy);

    /// <summary>A context that was added asks for what it lacks.</summary>
    /// <param name="hastens">
    /// The ledger does not know all its slots any more, and may never: the others have Envoy's longest backoff to come back, and no more.
    /// </param>
    public void Add(SimulatedEnvoy envoy, SecretSource source, bool hastens = true)
    {
        if (hastens)
        {
            envoy.Clients.FindAll(static client => client.IsSlow).ForEach(client => Retry(envoy, client, Backoff()));
        }

        if (source.Client.Stream is { } stream)
        {
            Say(envoy, stream, TimeSpan.Zero, stream.Subscribe(source));
        }
        else
        {
            Connect(envoy, source.Client);
        }
    }

    /// <summary>A source that no context uses any more.</summary>
    public void Remove(SimulatedEnvoy envoy, SecretSource source)
    {
        story.Tell($"{envoy.Name} lets {source} go");
        source.Removed = true;
        source.RemovedAt = time.Up;
        if (!source.Client.Aggregated)
        {
            DropStream(envoy, source.Client);
        }
        else if (source.Client.Stream is { } stream)
        {
            source.UnansweredSince = null;
            Say(envoy, stream, TimeSpan.Zero, stream.Unsubscribe(source));
        }
    }

    /// <summary>One stream ends; its connection stays.</summary>
    /// <param name="back">After how long the client tries again; null: as it happens.</param>
    public void DropStream(SimulatedEnvoy envoy, XdsClient client, TimeSpan? back = null)
    {
        if (client.Stream is { } stream)
        {
            story.Tell($"{envoy.Name} loses a stream of {client}");
            End(stream);
            CloseServed(stream);
            CloseDrained(envoy, stream.Connection);
            client.IsSlow = back is { } given ? given > Settings.LongestBackoff : IsKnown(envoy) && random.Next(SlowSlots) == 0;
            TimeSpan wait = back ?? (client.IsSlow ? Settings.SlowestSlot * random.NextDouble() : Backoff());
            if (client.IsSlow && SlowWhileConnected && envoy.Clients.Exists(other => other != client && other.Stream is not null))
            {
                RetrySlow(envoy, client, wait);
            }
            else
            {
                Retry(envoy, client, wait);
            }
        }
    }

    /// <summary>About as long as a stream of this process may stay away.</summary>
    public TimeSpan Longest(SimulatedEnvoy envoy) => IsKnown(envoy)
        ? Settings.SlowestSlot * (0.8 + (0.2 * random.NextDouble()))
        : Settings.LongestBackoff * (0.9 + (0.09 * random.NextDouble()));

    /// <summary>The connection ends; the server hears of it when it hears of it.</summary>
    public void DropConnection(SimulatedEnvoy envoy, TimeSpan notice)
    {
        if (envoy.Connection is not { } connection)
        {
            return;
        }

        story.Tell($"{envoy.Name} loses connection {connection}, the server hears of it after {notice.TotalSeconds:0.0} s");
        envoy.Disconnect(time.Up + notice);
        envoy.IsDraining = false;
        HashSet<long> connections = [connection];
        List<XdsStream> open = [];
        foreach (XdsClient client in envoy.Clients)
        {
            if (client.Stream is { } stream)
            {
                open.Add(stream);
                connections.Add(stream.Connection);
                End(stream);
                Retry(envoy, client, Backoff());
            }
        }

        time.After(notice, () =>
        {
            open.ForEach(CloseServed);
            foreach (long one in connections)
            {
                server.Post(new ConnectionClosed(one));
            }
        });
    }

    /// <summary>Nobody is left to close the streams: their sessions died with the server.</summary>
    public void ServerDied(SimulatedEnvoy envoy)
    {
        foreach (XdsClient client in envoy.Clients)
        {
            if (client.Stream is { } stream)
            {
                stream.IsServed = false;
            }
        }

        DropConnection(envoy, TimeSpan.Zero);
    }

    public TimeSpan Backoff() => random.Next(2) == 0
        ? TimeSpan.FromSeconds(0.1 + (2 * random.NextDouble()))
        : TimeSpan.FromSeconds(0.1 + ((Settings.LongestBackoff.TotalSeconds - 0.3) * random.NextDouble()));

    // A server under a root that is none of the anchors is no server: the handshake fails.
    private bool Knows(SimulatedEnvoy envoy) =>
        envoy.Anchors is not { } anchors || ServingRoot is not { } root || anchors.Held.Contains(root);

    private string? ServingRoot => server.Engine!.State is { Serving: { } serving } state ? state.RootOf(serving.AuthorityId).Id : null;

    // Whose slots the ledger knows, all of them, is waited for beyond the longest backoff.
    private bool IsKnown(SimulatedEnvoy envoy)
    {
        int bundles = 0, leaves = 0;
        foreach (SecretSource source in envoy.Sources)
        {
            // One that was let go lately stands in the count still, where a new one that the server has lost sight of does not.
            int counted = source.Removed && time.Up >= source.RemovedAt + Settings.SlowestSlot ? 0 : 1;
            bundles += source.Kind == SecretKind.Bundle ? counted : 0;
            leaves += source.Kind == SecretKind.Leaf ? counted : 0;
        }

        return envoy.Contexts.TrueForAll(context =>
            context.Presents is { } leaf && server.Store.Row(leaf.Serial) is { } row && row.BundleSlots >= bundles && row.LeafSlots >= leaves)
            && (!SlowWhileConnected || server.Engine is not { } engine || Counts(engine, envoy, bundles, leaves));
    }

    // The ledger keeps the most there ever were; a term gives up those that are gone for good, and another may have come since.
    private static bool Counts(TrustDomainEngine engine, SimulatedEnvoy envoy, int bundles, int leaves) =>
        engine.Instances().Any(view => view.BundleSlots >= bundles && view.LeafSlots >= leaves
            && envoy.Contexts.TrueForAll(context => view.Outstanding.Any(row => row.Serial == context.Presents!.Serial)));

    private static void End(XdsStream stream)
    {
        stream.IsOpen = false;
        stream.Client.Stream = null;
        foreach (SecretSource source in stream.Client.Sources)
        {
            source.UnansweredSince = null;
            source.Refused = false;
            source.HasAccepted = false;
            source.Sent = null;
        }
    }

    private void CloseServed(XdsStream stream)
    {
        if (stream.IsServed)
        {
            stream.IsServed = false;
            foreach (FleetEvent closed in stream.Close())
            {
                server.Post(closed);
            }
        }
    }

    // Its last stream has ended, and it takes no other.
    private void CloseDrained(SimulatedEnvoy envoy, long? connection)
    {
        if (connection is { } drained && drained != envoy.Connection && !envoy.Clients.Exists(client => client.Stream?.Connection == drained))
        {
            server.Post(new ConnectionClosed(drained));
        }
    }

    private void Retry(SimulatedEnvoy envoy, XdsClient client, TimeSpan delay) => time.After(delay, () => Connect(envoy, client));

    private void RetrySlow(SimulatedEnvoy envoy, XdsClient client, TimeSpan left)
    {
        TimeSpan away = envoy.Away(time.Up);
        time.After(left, () =>
        {
            TimeSpan more = envoy.Away(time.Up) - away;
            if (more > TimeSpan.Zero && envoy.Clients.Exists(other => other.Stream is not null))
            {
                RetrySlow(envoy, client, more);
            }
            else
            {
                Connect(envoy, client);
            }
        });
    }

    private void Connect(SimulatedEnvoy envoy, XdsClient client)
    {
        if (!envoy.Alive || client.Stream is not null || client.Sources.TrueForAll(static source => source.Removed))
        {
            return;
        }

        if (!server.Up || time.Up < envoy.CutOffUntil || (envoy.Connection is null && !Knows(envoy)))
        {
            Retry(envoy, client, Backoff());
            return;
        }

        client.IsSlow = false;
        client.OpenedAt = time.Up;
        // One that drains and has no successor is kept: a source cut off by a forced move of the server's certificate is lost on purpose.
        if (envoy.Connection is null || (envoy.IsDraining && Knows(envoy)))
        {
            envoy.IsDraining = false;
            long? drained = envoy.Connection;
            envoy.Reconnect(++_lastConnection, time.Up);
            _servedUnder[_lastConnection] = envoy.Anchors is null ? null : ServingRoot;
            time.After(TimeSpan.Zero, () => CloseDrained(envoy, drained));
        }

        long connection = envoy.Connection!.Value;
        Node node = new() { Id = envoy.Key.NodeId, Cluster = envoy.Clusters[^1], UserAgentName = "envoy", UserAgentVersion = "1.40.0" };
        StreamClient Caller(Node sent) => new(connection, envoy.Key, envoy.Workload, NodeIdentity.From(sent, _world.Limits) with { Anchors = envoy.Anchors?.Told ?? [] }) { IsAggregated = client.Aggregated, Admin = envoy.Admin, ServedUnder = _servedUnder[connection] };
        XdsStream stream = client.Dialect == Dialect.Sotw
            ? new SotwStream(client, connection, node, _world, Caller)
            : new DeltaStream(client, connection, node, _world, Caller);
        client.Stream = stream;
        (stream.ArrivesAt, stream.HeardAt) = (time.Up, time.Up);
        story.Tell($"{envoy.Name} opens a stream of {client} on connection {connection} for {string.Join(", ", client.Names)}, reports '{client.Accepted}'");
        Request(envoy, stream, stream.FirstRequest());
    }

    /// <summary>A request has arrived at the server.</summary>
    private void Request(SimulatedEnvoy envoy, XdsStream stream, byte[] bytes)
    {
        if (stream.IsServed)
        {
            Apply(envoy, stream, stream.Receive(bytes, time.Now.Utc));
        }
    }

    private void Apply(SimulatedEnvoy envoy, XdsStream stream, SessionStep step)
    {
        foreach (FleetEvent happened in step.Events)
        {
            if (!stream.IsServed)
            {
                return;
            }

            Report(envoy, stream, happened);
        }

        if (!stream.IsServed)
        {
            return;
        }

        if (step.Response is { } response)
        {
            Send(envoy, stream, response);
        }

        if (stream.WakeAt is { } wake)
        {
            TimeSpan wait = wake - time.Now.Utc;
            time.After(wait > TimeSpan.Zero ? wait : TimeSpan.Zero, () =>
            {
                if (stream.IsServed && stream.WakeAt == wake)
                {
                    Apply(envoy, stream, stream.Wake(time.Now.Utc));
                }
            });
        }
    }

    private void Report(SimulatedEnvoy envoy, XdsStream stream, FleetEvent happened)
    {
        switch (happened)
        {
            case SubscriptionOpened opened:
                stream.Subscriptions[opened.Subscription] = stream.Source(opened.Name);
                server.Open(opened, new SubscriptionPort(delivery => Take(envoy, stream, delivery), () => Displace(envoy, stream)));
                claims.OnOpened(envoy, stream.Client.Dialect == Dialect.Sotw ? stream.Client.Accepted : stream.Source(opened.Name).Accepted);
                return;
            case DeliveryAcked acked when stream.Subscriptions.TryGetValue(acked.Subscription, out SecretSource? source):
                claims.OnAnswer(envoy, source, refused: false);
                break;
            case DeliveryNacked nacked when stream.Subscriptions.TryGetValue(nacked.Subscription, out SecretSource? source):
                claims.OnAnswer(envoy, source, refused: true);
                break;
            case SubscriptionClosed closed when stream.Subscriptions.Remove(closed.Subscription, out SecretSource? source):
                // The name may be asked for again on this stream: nobody will answer what was sent before.
                source.UnansweredSince = null;
                break;
        }

        server.Post(happened);
    }

    // A stream that is stuck in a write looks at its orders when that is done.
    private void Displace(SimulatedEnvoy envoy, XdsStream stream) => time.After(IsSlowToEnd || random.Next(4) == 0 ? TimeSpan.FromSeconds(10 * random.NextDouble()) : TimeSpan.Zero, () =>
    {
        if (!stream.IsServed)
        {
            return;
        }

        if (stream.IsOpen)
        {
            DropStream(envoy, stream.Client, Backoff());
        }
        else
        {
            CloseServed(stream);
        }
    });

    /// <summary>The engine hands over a secret; the stream's loop takes it from its mailbox when its turn comes.</summary>
    private void Take(SimulatedEnvoy envoy, XdsStream stream, Delivery delivery)
    {
        if (stream.IsOpen && stream.Subscriptions.TryGetValue(delivery.Subscription, out SecretSource? source) && !source.Removed)
        {
            claims.OnDelivery(envoy, source, delivery);
        }

        stream.Mailbox.Post(delivery);
        if (stream.BeginDrain())
        {
            time.After(TimeSpan.Zero, () =>
            {
                Delivery[] deliveries = stream.Drain();
                if (stream.IsServed)
                {
                    Apply(envoy, stream, stream.Deliver(deliveries, time.Now.Utc));
                }
            });
        }
    }

    private void Send(SimulatedEnvoy envoy, XdsStream stream, SecretResponse response)
    {
        byte[] bytes = stream.Encode(response);
        if (stream.IsOpen)
        {
            foreach (ResponseItem item in response.Items)
            {
                claims.OnSent(envoy, stream.Source(item.Subscription.Name), item);
            }

            story.Tell($"{envoy.Name} is sent {response.Version} ({string.Join(", ", response.Items.Select(item => item.Subscription.Name))}) as {response.Nonce}");
            After(stream, stream.ArrivesAt = Later(time.Up + Latency(), stream.ArrivesAt), () => Arrive(envoy, stream, bytes));
        }
    }

    private void Arrive(SimulatedEnvoy envoy, XdsStream stream, byte[] bytes)
    {
        if (!envoy.Alive || !stream.IsOpen)
        {
            return;
        }

        if (Loss > 0 && random.NextDouble() < Loss)
        {
            DropStream(envoy, stream.Client);
            return;
        }

        ClientResponse response = stream.Read(bytes);
        string? wrong = stream.Take(envoy, response);
        story.Tell($"{envoy.Name} {(wrong is null ? "accepts" : "refuses")} {response.Nonce}{(envoy.Silent ? " and says nothing" : "")}");
        claims.OnBuilt(envoy);
        if (wrong is null)
        {
            Claims.OnAccepted(envoy, stream.Client, response.Version);
        }

        byte[] answer = stream.Answer(response, wrong);
        if ((envoy.Stubborn && response.Secrets.Any(static item => item.Secret.Kind == SecretKind.Bundle)) || (envoy.IsMute && response.Secrets.Any(static item => item.Secret.Kind == SecretKind.Leaf)))
        {
            return;
        }

        if (envoy.Silent)
        {
            Say(envoy, stream, TimeSpan.Zero, answer);
            return;
        }

        if (Loss > 0 && random.NextDouble() < Loss)
        {
            DropStream(envoy, stream.Client);
            return;
        }

        TimeSpan delay = Late > 0 && random.NextDouble() < Late ? LatestAnswer * (0.33 + (0.67 * random.NextDouble())) : Latency();
        Say(envoy, stream, delay, answer);
        if (random.Next(20) == 0)
        {
            // envoy#47309: a consumer that comes late makes the mux repeat its last ACK.
            Say(envoy, stream, delay + Latency(), answer);
        }
    }

    /// <summary>What is said on a stream arrives in the order in which it was said; whoever is silent says all of it later.</summary>
    private void Say(SimulatedEnvoy envoy, XdsStream stream, TimeSpan delay, byte[] request)
    {
        void Arrives() => After(stream, stream.HeardAt = Later(time.Up + delay, stream.HeardAt), () => Request(envoy, stream, request));
        if (envoy.Silent)
        {
            envoy.Withheld.Add(Arrives);
        }
        else
        {
            Arrives();
        }
    }

    private void After(XdsStream stream, TimeSpan at, Action action) => time.After(at - time.Up, () =>
    {
        if (stream.IsOpen)
        {
            action();
        }
    });

    private static TimeSpan Later(TimeSpan one, TimeSpan other) => one > other ? one : other;

    private TimeSpan Latency() => TimeSpan.FromMilliseconds(1 + random.Next(40));
}
