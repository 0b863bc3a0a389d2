using SdsServer.Core.Fleet;
using SdsServer.Core.Fleet.Effects;
using SdsServer.Core.Secrets;
using SdsServer.Simulation.Envoys;
using SdsServer.Testing.Virtual;

namespace SdsServer.Simulation.Runs;

/// <summary>Everything that goes wrong, between what operators do.</summary>
internal sealed partial class Chaos(
    VirtualTime time, VirtualServer server, Network network, Operators operators, List<SimulatedEnvoy> envoys, AnchorFiles files, FleetPolicy policy, Mix mix, Random random, Story story)
{
    // What is seldom, for the half of the runs that go for it: processes with several sources and no leaf yet, whose streams come and go while epochs pass.
    private static readonly Trouble[] s_stirring =
    [
        Trouble.DropConnection, Trouble.DropConnection, Trouble.DropStream, Trouble.DropStream, Trouble.KillServer, Trouble.AddContext, Trouble.Spawn, Trouble.CutOff,
        .. Enumerable.Repeat(Trouble.TurnAndStart, 4),
    ];

    private int _lastName;
    private int? _effectsToDeath;
    private double _pickiness;
    private double _storeTrouble;
    private bool _calm;
    private bool _restless;
    private bool _losesEntry;
    private bool _unfolds;

    /// <summary>Some processes to begin with, each with its own ways.</summary>
    public void Populate()
    {
        network.Loss = random.Next(3) * 0.02;
        network.Late = random.Next(3) * 0.02;
        _pickiness = random.Next(4) * 0.04;
        _storeTrouble = random.Next(3) * 0.03;
        server.Pace = Pace;
        server.Fate = Fate;
        server.Died = OnServerDied;
        server.Probe = Probe;
        _restless = random.Next(2) == 0;
        network.LeafDelay = _restless ? TimeSpan.FromSeconds(random.Next(4) * 15) : TimeSpan.Zero;
        int count = 2 + random.Next(3);
        for (int node = 0; node < count; node++)
        {
            Spawn(NewKey(node % mix.Nodes), bundleOnly: mix.BundleOnly > 0 ? random.Next(mix.BundleOnly) == 0 : node == 3 && random.Next(2) == 0);
        }

        if (random.Next(5) == 0)
        {
            Spawn(envoys[0].Key, bundleOnly: false);
        }
    }

    public TimeSpan Pause() => (_unfolds ? 0 : random.Next(_restless ? 60 : 20)) switch
    {
        0 when _unfolds => TimeSpan.FromSeconds(60 + (180 * random.NextDouble())),
        0 => TimeSpan.FromSeconds(60 + (600 * random.NextDouble())),
        < 5 => TimeSpan.FromSeconds(10 + (50 * random.NextDouble())),
        < 12 => TimeSpan.FromSeconds(10 * random.NextDouble()),
        _ => TimeSpan.FromSeconds(random.NextDouble()),
    };

    public void Step()
    {
        if (mix.OwnServing && random.Next(6) == 0)
        {
            WithLive(operators.GiveAnchors);
        }

        if (mix.Plot is { } plot && random.Next(15) == 0)
        {
            Play(plot);
            return;
        }

        Trouble[] choices = _restless && mix.Stirs && random.Next(3) > 0 ? s_stirring : mix.Troubles;
        Trouble trouble = choices[random.Next(choices.Length)];
        _unfolds = mix.IsFocused && trouble is >= Trouble.TurnAndStart && random.Next(2) == 0;
        switch (trouble)
        {
            case Trouble.DropConnection: WithLive(envoy => network.DropConnection(envoy, Notice())); break;
            case Trouble.DropStream: WithLive(envoy => network.DropStream(envoy, Any(envoy.Clients))); break;
            case Trouble.CutOff: WithLive(envoy => CutOff(envoy)); break;
            case Trouble.Die: WithLive(Die); break;
            case Trouble.HotRestart: WithLive(HotRestart); break;
            case Trouble.AddContext: WithLive(AddContext); break;
            case Trouble.RemoveContext: WithLive(RemoveContext); break;
            case Trouble.Hush: WithLive(envoy => Hush(envoy, random.Next(3) == 0)); break;
            case Trouble.Displease: WithLive(Displease); break;
            case Trouble.Spawn: Spawn(NewKey(random.Next(mix.Nodes)), bundleOnly: mix.BundleOnly > 0 && random.Next(mix.BundleOnly) == 0); break;
            case Trouble.KillServer: _effectsToDeath = random.Next(12); break;
            case Trouble.JumpClock: JumpClock(); break;
            case Trouble.SlowThenAway: WithLive(SlowThenAway); break;
            case Trouble.GoneThenSlow: WithLive(GoneThenSlow); break;
            case Trouble.DeadLink: WithLive(DeadLink); break;
            case Trouble.LostOnReturn: WithLive(LostOnReturn); break;
            case Trouble.HalfBack: WithLive(envoy => HalfBack(envoy, 2 + random.Next(4))); break;
            case Trouble.Drain: WithLive(Drain); break;
            case Trouble.SlowAndNew: WithLive(SlowAndNew); break;
            case Trouble.LostEntry: LoseEntry(); break;
            case Trouble.TurnAndStart: operators.Turn(); operators.StartPlan(); break;
            default: operators.Step(); break;
        }
    }

    /// <summary>The server knows, and has to live with it.</summary>
    public bool IsClockBehind => mix.IsDrawn && time.WallError < -Settings.LeafLifetime && server.StartedAt < time.Up && server.Store.State.Plan is null;

    /// <summary>Nothing goes wrong any more.</summary>
    public void Calm()
    {
        _calm = true;
        operators.IsCalm = true;
        _effectsToDeath = null;
        _losesEntry = false;
        _storeTrouble = 0;
        _pickiness = 0;
        network.Loss = 0;
        network.LeafDelay = TimeSpan.Zero;
        network.Late = 0;
        time.WallError = TimeSpan.Zero;
        foreach (SimulatedEnvoy envoy in envoys)
        {
            Hush(envoy, false);
            envoy.Forgive();
            envoy.CutOffUntil = TimeSpan.Zero;
        }

        // An open refusal would keep G1 shut for as long as it is not answered anew.
        if (random.Next(6) == 0 && envoys.Find(envoy => envoy.Alive && !envoy.Workload.BundleOnly && !envoy.Sources.Exists(source => source.Refused)) is { } stubborn)
        {
            story.Tell($"{stubborn.Name} takes bundles from now on, but never answers them");
            stubborn.Stubborn = true;
        }
    }

    private void Spawn(InstanceKey key, bool bundleOnly)
    {
        if (envoys.Count(envoy => envoy.Alive && envoy.Key == key) >= 2 || envoys.Count(envoy => envoy.Alive) >= 6
            || envoys.Any(envoy => envoy.Key == key && (bundleOnly || envoy.Workload.BundleOnly))
            || (!policy.StrictAbsence && envoys.Any(envoy => envoy.Alive && envoy.Key == key && envoy.CutOffUntil > time.Up)))
        {
            return;
        }

        SimulatedEnvoy envoy = new($"{key.NodeId}.{++_lastName}", key, new Workload(key.SpiffeId, [], bundleOnly), Finds)
        {
            Pickiness = random.Next(3) == 0 ? _pickiness : 0,
            Anchors = mix.OwnServing && key.IsRemote ? NewAnchors(key) : null,
        };
        envoy.Manner = new Manner(random.Next(2) == 0 ? Dialect.Sotw : Dialect.Delta, Aggregated: random.Next(mix.Aggregated) == 0, OneName: random.Next(2) == 0);
        SecretSource? leaf = bundleOnly ? null : Add(envoy, SecretKind.Leaf);
        envoy.Contexts.Add(new TlsContext(leaf, Add(envoy, SecretKind.Bundle)));
        int more = random.Next(_restless ? 2 : 3) == 0 ? 1 : 0;
        for (int context = 0; context < more; context++)
        {
            envoy.Contexts.Add(NewContext(envoy));
        }

        envoys.Add(envoy);
        story.Tell($"{envoy.Name} starts with {string.Join(", ", envoy.Sources)}");
        network.Boot(envoy);
    }

    private Anchors NewAnchors(InstanceKey key)
    {
        RootSet file = random.Next(2) == 0 ? files.Export(key) : files.Of(key);
        return new Anchors(file, follows: random.Next(2) == 0, tells: random.Next(3) > 0);
    }

    private TlsContext NewContext(SimulatedEnvoy envoy)
    {
        SecretSource? leaf = envoy.Workload.BundleOnly ? null
            : random.Next(2) == 0 ? Add(envoy, SecretKind.Leaf)
            : envoy.Sources.First(source => source is { Kind: SecretKind.Leaf, Removed: false });
        SecretSource bundle = random.Next(4) == 0
            ? envoy.Sources.First(source => source is { Kind: SecretKind.Bundle, Removed: false })
            : Add(envoy, SecretKind.Bundle);
        return new TlsContext(leaf, bundle);
    }

    // Without ADS every source has a stream of its own; its name may be the same.
    private static SecretSource Add(SimulatedEnvoy envoy, SecretKind kind)
    {
        Manner manner = envoy.Manner;
        XdsClient? shared = manner.Aggregated && envoy.Clients.Count > 0 ? envoy.Clients[0] : null;
        if (shared is null)
        {
            shared = new XdsClient(envoy.Clients.Count, manner.Dialect, manner.Aggregated);
            envoy.Clients.Add(shared);
        }

        string name = (kind, manner is { OneName: true, Aggregated: false }) switch
        {
            (SecretKind.TicketKeys, _) => "session_ticket_keys",
            (SecretKind.Leaf, true) => "default",
            (SecretKind.Bundle, true) => "ROOTCA",
            (SecretKind.Leaf, false) => $"leaf/{envoy.Sources.Count}",
            _ => $"bundle/{envoy.Sources.Count}",
        };
        return envoy.Add(kind, name, shared);
    }

    private string? Finds(SimulatedEnvoy envoy, HeldSecret secret)
    {
        if (_distrusted is { } source && source.Stored == secret)
        {
            return "Failed to load trusted CA certificates";
        }

        if (secret.Kind == SecretKind.Leaf && _resented is { } root && secret.Roots.Contains(root))
        {
            return "Failed to load certificate chain";
        }

        if (!envoy.Findings.TryGetValue(secret.Text, out string? wrong))
        {
            envoy.Findings[secret.Text] = wrong = envoy.Pickiness > 0 && random.NextDouble() < envoy.Pickiness ? $"Failed to load {secret.Kind}" : null;
        }

        return wrong;
    }

    private void AddContext(SimulatedEnvoy envoy)
    {
        // A slot that is missing shows in the count, unless a new one takes its place: then only the longest backoff tells (rule E9).
        // And what a process has that comes back late, and has no leaf to show, only its versions tell.
        bool late = mix.IsDrawn && envoy.Contexts.TrueForAll(context => context.Presents is null) && envoy.Clients.Exists(client => client.Stream is null);
        // Or its name does, where the server has met all that there are since it began.
        bool met = mix.IsDrawn && !envoy.Manner.OneName && envoy.Clients.TrueForAll(client => client.OpenedAt > server.StartedAt && (client.IsSlow || client.Stream is not null));
        if (envoy.Contexts.Count < 3 && !late && (met || !envoy.Clients.Exists(client => client.IsSlow)))
        {
            story.Tell($"{envoy.Name} adds a context");
            HashSet<SecretSource> known = [.. envoy.Sources];
            TlsContext added = NewContext(envoy);
            envoy.Contexts.Add(added);
            network.Built(envoy, added);
            foreach (SecretSource? source in (SecretSource?[])[added.Leaf, added.Bundle])
            {
                if (source is not null && !known.Contains(source))
                {
                    network.Add(envoy, source);
                }
            }
        }
    }

    private void RemoveContext(SimulatedEnvoy envoy)
    {
        // Under strict absence a process has to be restarted when it drops a source: that one is waited for.
        if (envoy.Contexts.Count > 1 && !policy.StrictAbsence)
        {
            Leave(envoy, Any(envoy.Contexts));
        }
    }

    private void Leave(SimulatedEnvoy envoy, TlsContext context)
    {
        envoy.Contexts.Remove(context);
        foreach (SecretSource source in envoy.Sources.Where(source => !source.Removed && !envoy.Contexts.Exists(other => other.Uses(source))))
        {
            network.Remove(envoy, source);
        }

        network.Dropped(envoy);
    }

    private void Die(SimulatedEnvoy envoy)
    {
        story.Tell($"{envoy.Name} dies");
        envoy.Alive = false;
        network.DropConnection(envoy, Notice());
        if (random.Next(3) == 0 && !envoys.Any(other => other.Alive && other.Key.Peer == envoy.Key.Peer))
        {
            time.After(TimeSpan.FromSeconds(random.NextDouble()), () =>
            {
                if (!envoys.Any(other => other.Alive && other.Key.Peer == envoy.Key.Peer))
                {
                    server.Post(new ProcessDeparted(envoy.Key.Peer));
                }
            });
        }

        if (random.Next(4) > 0)
        {
            time.After(TimeSpan.FromSeconds(2 + (40 * random.NextDouble() * random.NextDouble())), () => Spawn(envoy.Key, envoy.Workload.BundleOnly));
        }
    }

    private void HotRestart(SimulatedEnvoy parent)
    {
        if (!parent.Workload.BundleOnly && envoys.Count(envoy => envoy.Alive && envoy.Key == parent.Key) == 1 && time.Up >= parent.CutOffUntil)
        {
            story.Tell($"{parent.Name} is restarted hot");
            Spawn(parent.Key, bundleOnly: false);
            time.After(Settings.ParentLife * random.NextDouble(), () =>
            {
                parent.Alive = false;
                network.DropConnection(parent, Notice());
            });
        }
    }

    // Rule E1 takes a process that stays away for W, while another of its key holds a leaf, as gone: longer cuts only where nobody shares the key.
    private void CutOff(SimulatedEnvoy envoy)
    {
        if (time.Up < server.StartedAt + policy.ReconnectWindow && envoy.Contexts.TrueForAll(context => context.Presents is null) && !(mix.IsDrawn && envoy.ReportsAllItHas))
        {
            // Nothing but its showing up in time tells a leader that has just begun of such a process (rule E2).
            return;
        }

        bool alone = policy.StrictAbsence || envoys.Count(other => other.Alive && other.Key == envoy.Key) == 1;
        TimeSpan cut = TimeSpan.FromSeconds(random.Next(2) == 0 || !alone ? 90 * random.NextDouble() : 2_400 * random.NextDouble());
        TimeSpan notice = Notice();
        if (alone || envoy.Clients.Exists(static client => client.Stream is not null))
        {
            CutOff(envoy, cut, notice);
        }
    }

    private void CutOff(SimulatedEnvoy envoy, TimeSpan cut, TimeSpan notice)
    {
        story.Tell($"{envoy.Name} is cut off for {cut.TotalSeconds:0} s");
        envoy.CutOffUntil = time.Up + cut;
        network.DropConnection(envoy, notice);
    }

    // A slot's time to come back stands still while its process is away, and goes on with what the ledger remembers of it.
    private void SlowThenAway(SimulatedEnvoy envoy)
    {
        if (envoy.Contexts.Count < 2)
        {
            AddContext(envoy);
            return;
        }

        network.DropStream(envoy, Any(envoy.Clients), network.Longest(envoy));
        time.After(TimeSpan.FromSeconds(30 * random.NextDouble()), () =>
        {
            if (envoy.Alive && envoys.Count(other => other.Alive && other.Key == envoy.Key) == 1 && envoy.Contexts.Exists(context => context.Presents is not null))
            {
                CutOff(envoy, policy.SuccessionWindow + TimeSpan.FromSeconds(1_800 * random.NextDouble()), Notice());
            }
        });
    }

    // Two slots are missing, one of them for good.
    private void GoneThenSlow(SimulatedEnvoy envoy)
    {
        if (envoy.Contexts.Count < 3)
        {
            AddContext(envoy);
            return;
        }

        RemoveContext(envoy);
        time.After(TimeSpan.FromSeconds(60 + (150 * random.NextDouble())), () =>
        {
            if (envoy.Alive)
            {
                network.DropStream(envoy, Any(envoy.Clients), network.Longest(envoy));
            }
        });
    }

    // A slot is in its backoff, another takes its place, and the link dies unnoticed.
    private void DeadLink(SimulatedEnvoy envoy)
    {
        network.DropStream(envoy, Any(envoy.Clients), Settings.LongestBackoff * (0.9 + (0.09 * random.NextDouble())));
        AddContext(envoy);
        time.After(TimeSpan.FromSeconds(8 + (12 * random.NextDouble())), () =>
        {
            if (envoy.Alive && envoys.Count(other => other.Alive && other.Key == envoy.Key) == 1 && time.Up >= server.StartedAt + policy.ReconnectWindow)
            {
                CutOff(envoy, TimeSpan.FromSeconds(90 * random.NextDouble()), mix.Local ? TimeSpan.Zero : Settings.LatestNotice);
            }
        });
    }

    // Each time it is gone again before all its sources are back: it may look new each time.
    private void HalfBack(SimulatedEnvoy envoy, int times)
    {
        if (envoy is { Alive: true, Connection: not null } && !_calm && time.Up >= server.StartedAt + policy.ReconnectWindow)
        {
            TimeSpan cut = TimeSpan.FromSeconds(90 * random.NextDouble());
            CutOff(envoy, cut, Notice());
            if (times > 0)
            {
                time.After(cut + (Settings.LongestBackoff * (0.1 + (0.5 * random.NextDouble()))), () => HalfBack(envoy, times - 1));
            }
        }
    }

    // HTTP/2 GOAWAY, or the age that an Envoy allows its connections (max_connection_duration): one process, two connections.
    private void Drain(SimulatedEnvoy envoy)
    {
        envoy.IsDraining = envoy.Connection is not null;
        network.DropStream(envoy, Any(envoy.Clients));
    }

    // One slot stays away for longer than a backoff, another is new, perhaps on a connection of its own, and perhaps lost again.
    private void SlowAndNew(SimulatedEnvoy envoy)
    {
        envoy.IsDraining |= envoy.Connection is not null && random.Next(2) == 0;
        network.DropStream(envoy, mix.IsFocused ? Any(envoy.Clients.FindAll(client => client.Sources.Exists(source => source.Kind == SecretKind.Bundle))) : Any(envoy.Clients), network.Longest(envoy));
        AddContext(envoy);
        time.After(TimeSpan.FromSeconds(5 * random.NextDouble()), () =>
        {
            if (envoy.Alive && !_calm)
            {
                if (random.Next(2) == 0)
                {
                    network.DropStream(envoy, envoy.Clients[^1], network.Longest(envoy));
                }

                operators.Turn();
                operators.StartPlan();
            }
        });
    }

    // The roster's entry is lost with the server that was writing it, while the bundle changes.
    private void LoseEntry()
    {
        _losesEntry = true;
        Spawn(NewKey(random.Next(mix.Nodes)), bundleOnly: true);
        operators.StartPlan();
    }

    // It is back before the server knows that it was gone, and has accepted what some of its sources were sent, and no more.
    private void LostOnReturn(SimulatedEnvoy envoy)
    {
        network.DropConnection(envoy, mix.Local ? TimeSpan.Zero : Settings.LatestNotice);
        time.After(Settings.LongestBackoff * random.NextDouble(), () =>
        {
            bool refuses = random.Next(2) == 0;
            envoy.Pickiness = refuses ? 1 : envoy.Pickiness;
            Hush(envoy, silent: !refuses);
            time.After(policy.SuccessionWindow * 2, () =>
            {
                envoy.Forgive();
                Hush(envoy, silent: false);
            });
        });
    }

    private static void Hush(SimulatedEnvoy envoy, bool silent)
    {
        envoy.Silent = silent;
        if (!silent)
        {
            List<Action> answers = [.. envoy.Withheld];
            envoy.Withheld.Clear();
            answers.ForEach(answer => answer());
        }
    }

    private void Displease(SimulatedEnvoy envoy)
    {
        envoy.Forgive();
        envoy.Pickiness = random.Next(2) == 0 ? 0 : 0.5 * random.NextDouble();
    }

    private void JumpClock()
    {
        time.WallError = random.Next(4) switch
        {
            0 => TimeSpan.FromHours(25),
            1 => TimeSpan.FromHours(-25),
            2 => TimeSpan.FromMinutes(4 * random.NextDouble()),
            _ => TimeSpan.Zero,
        };
        story.Tell($"the server's clock is wrong by {time.WallError}");
    }

    private void OnServerDied()
    {
        story.Tell($"the server dies");
        _effectsToDeath = null;
        envoys.ForEach(network.ServerDied);
        TimeSpan down = TimeSpan.FromSeconds(random.Next(8) == 0 ? 600 * random.NextDouble() : 20 * random.NextDouble());
        time.After(down, () =>
        {
            // Without a plan a restarted server has nothing to compare its clock with.
            if (server.Store.State.Plan is null)
            {
                time.WallError = TimeSpan.Zero;
            }

            // A leader that has just begun can know a process that has bundle bytes, and never had a leaf, only if it shows up in time (rule E2).
            foreach (SimulatedEnvoy envoy in envoys.Where(envoy => envoy.Contexts.All(context => context.Presents is null) && !(mix.IsDrawn && envoy.ReportsAllItHas)))
            {
                envoy.CutOffUntil = TimeSpan.Zero;
                envoy.Anchors?.TakeUp(RootSet.All);
            }

            story.Tell($"the server starts");
            server.Start();
        });
    }

    private EffectFate Fate(EngineEffect effect)
    {
        if (_fails?.Invoke(effect) == true)
        {
            return EffectFate.Fails;
        }

        if (_effectsToDeath is { } left)
        {
            if (left == 0)
            {
                return random.Next(2) == 0 ? EffectFate.DiesBefore : EffectFate.DiesAfter;
            }

            _effectsToDeath = left - 1;
        }

        if (_losesEntry && effect is WriteRoster)
        {
            _losesEntry = false;
            time.After(TimeSpan.Zero, () =>
            {
                if (server.Up)
                {
                    server.Kill();
                }
            });
            return EffectFate.Fails;
        }

        // A delivery and an answer to an operator go nowhere near the store or the signer.
        return effect is not (Deliver or CommandDone or Noted) && _storeTrouble > 0 && random.NextDouble() < _storeTrouble
            ? (random.Next(2) == 0 ? EffectFate.Fails : EffectFate.FailsAfter)
            : EffectFate.Works;
    }

    private (TimeSpan, TimeSpan) Pace(EngineEffect effect)
    {
        if (_lingers?.Invoke(effect) == true)
        {
            return (_lingering, TimeSpan.Zero);
        }

        TimeSpan quick = TimeSpan.FromMilliseconds(random.Next(5));
        bool slow = !_calm && random.Next(mix.Slow) == 0;
        return slow
            ? (TimeSpan.FromSeconds((effect is SignLeaf ? 40 : 6) * random.NextDouble()), TimeSpan.FromSeconds(3 * random.NextDouble()))
            : (quick, TimeSpan.FromMilliseconds(random.Next(5)));
    }

    private TimeSpan Notice() => !mix.Local && random.Next(mix.LateNotices) == 0 ? Settings.LatestNotice * random.NextDouble() : TimeSpan.Zero;

    private void WithLive(Action<SimulatedEnvoy> action)
    {
        List<SimulatedEnvoy> live = [.. envoys.Where(envoy => envoy.Alive)];
        if (live.Count > 0)
        {
            action(Any(live));
        }
    }

    private T Any<T>(IReadOnlyList<T> choices) => choices[random.Next(choices.Count)];

    private InstanceKey NewKey(int node) => new($"spiffe://mesh/{node}", $"n{node}", mix.Local ? $"user:{node}" : $"ip:10.0.0.{node}");
}
