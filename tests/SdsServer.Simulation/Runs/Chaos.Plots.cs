using SdsServer.Core.Fleet;
using SdsServer.Core.Fleet.Effects;
using SdsServer.Core.Rotation;
using SdsServer.Core.Secrets;
using SdsServer.Simulation.Envoys;

namespace SdsServer.Simulation.Runs;

/// <summary>The plots, each played from its beginning to its end within one step, by a process that comes for it.</summary>
internal sealed partial class Chaos
{
    private static readonly TimeSpan s_soon = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan s_lateSlot = Settings.SlowestSlot * 0.97;

    // Effects that take longer than anyone expects, or fail, and a secret that is found wrong in one of several contexts.
    private Func<EngineEffect, bool>? _lingers;
    private TimeSpan _lingering = TimeSpan.FromSeconds(6);
    private Func<EngineEffect, bool>? _fails;
    private SecretSource? _distrusted;

    /// <summary>A plot came to its end; others found nobody to play in them.</summary>
    public bool Played { get; private set; }

    private void Play(Plot plot)
    {
        story.Tell($"the plot is {plot}");
        Played |= plot switch
        {
            Plot.BackAfterExpiry => BackAfterExpiry(),
            Plot.DeathBeforeTheFloor => DeathBeforeTheFloor(),
            Plot.RefusalBesideADrain => RefusalBesideADrain(),
            Plot.MissedTwice => MissedTwice(),
            Plot.GhostRetired => GhostRetired(),
            Plot.GhostSucceeded => GhostSucceeded(),
            Plot.StaleConfirmation => StaleConfirmation(),
            Plot.AnchorlessNewcomer => AnchorlessNewcomer(),
            Plot.BackBeforeTheEnd => BackBeforeTheEnd(),
            Plot.TwinOfTheCutOff => TwinOfTheCutOff(),
            Plot.AnotherName => AnotherName(),
            Plot.RefusedBesideAccepted => RefusedBesideAccepted(),
            Plot.Halted => Halted(),
            Plot.CanaryGone => CanaryGone(),
            Plot.Relabelled => Relabelled(),
            Plot.MuteNewcomer => MuteNewcomer(),
            Plot.SignersOut => SignersOut(),
            Plot.SignerFallsOut => SignerFallsOut(),
            Plot.AdminUnheard => AdminUnheard(),
            Plot.TicketsAfterDrop => TicketsAfterDrop(),
            Plot.BackUndated => BackUndated(),
            Plot.RefusedUnheard => RefusedUnheard(),
            Plot.TwinAway => TwinAway(),
            Plot.ShownAndGone => ShownAndGone(),
            Plot.OldestSourceLast => OldestSourceLast(),
            Plot.OldSignerFallsOut => OldSignerFallsOut(),
            Plot.SuccessorsGone => SuccessorsGone(),
            Plot.TwoAges => TwoAges(),
            Plot.Stopped => Stopped(),
            Plot.GoneUnanswered => GoneUnanswered(),
            _ => Mistaken(),
        };
        (_lingers, _lingering, _fails, _distrusted, _resented, network.IsSlowToEnd) = (null, TimeSpan.FromSeconds(6), null, null, null, false);
    }

    private bool BackAfterExpiry()
    {
        if (Cast(bundles: 2, leaf: true) is not { } hero || !Rests())
        {
            return false;
        }

        TimeSpan cut = Settings.LeafLifetime + policy.MaxSkew + TimeSpan.FromMinutes(2 + (4 * random.NextDouble()));
        foreach (XdsClient client in hero.Clients)
        {
            network.DropStream(hero, client, client == hero.Clients[^1] ? cut + s_lateSlot : TimeSpan.FromSeconds(1));
        }

        CutOff(hero, cut, TimeSpan.Zero);
        operators.Rotate();
        PassUntil(() => time.Up >= hero.CutOffUntil, TimeSpan.FromHours(1));
        Pass(policy.ReconnectWindow * 4);
        return true;
    }

    private bool DeathBeforeTheFloor()
    {
        if (!Rests())
        {
            return false;
        }

        _lingers = static effect => effect is SaveState;
        operators.Rotate(isEmergency: true);
        if (!PassUntil(() => server.Store.State.Plan is { Kind: RotationKind.Emergency }, s_soon * 2) || Cast(bundles: 1, leaf: true) is not { } hero)
        {
            return false;
        }

        // It dies when that hurts most, if it has done what it must not.
        bool RestsOnMemory() => server.Store.Ledger.Any(row => row.Key == hero.Key && row.Anchors.All(root => !server.Store.State.IsSafe(root, server.Store.State.Floor)));
        if (PassUntil(RestsOnMemory, s_soon) && PassUntil(() => hero.Contexts[0].Presents is not null, TimeSpan.FromSeconds(1)) && server.Up)
        {
            server.Kill();
        }

        return true;
    }

    private bool RefusalBesideADrain()
    {
        if (Cast(bundles: 1, leaf: true) is not { } hero || !Rests())
        {
            return false;
        }

        network.IsSlowToEnd = true;
        hero.IsDraining = true;
        SecretSource added = AddBundle(hero);
        PassUntil(() => added.HasAccepted, TimeSpan.FromSeconds(2));
        _distrusted = added;
        operators.Rotate();
        Pass(s_soon);
        return true;
    }

    private bool MissedTwice()
    {
        if (Cast(bundles: 2, leaf: true) is not { } hero || !Rests() || network.Longest(hero) <= Settings.LongestBackoff)
        {
            return false;
        }

        XdsClient slow = hero.Clients[^1];
        network.DropStream(hero, slow, s_lateSlot);
        Pass(s_lateSlot - TimeSpan.FromSeconds(15));
        network.DropStream(hero, hero.Clients[0], TimeSpan.FromSeconds(60 + (15 * random.NextDouble())));
        network.DropConnection(hero, TimeSpan.Zero);
        if (!PassUntil(() => slow.Sources[0].HasAccepted, TimeSpan.FromMinutes(1)))
        {
            return false;
        }

        network.DropStream(hero, slow, s_lateSlot);
        PassUntil(() => hero.Clients[0].Stream is not null, TimeSpan.FromMinutes(2));
        operators.Rotate();
        Pass(s_lateSlot);
        return true;
    }

    private bool GhostRetired()
    {
        if (NewName(back: Settings.LongestBackoff * (0.9 + (0.09 * random.NextDouble())), notice: TimeSpan.FromSeconds(1)) is null)
        {
            return false;
        }

        operators.Tend();
        Pass(TimeSpan.FromSeconds(1));
        operators.Rotate();
        Pass(TimeSpan.FromMinutes(1));
        return true;
    }

    private bool GhostSucceeded()
    {
        if (policy.StrictAbsence || NewName(back: TimeSpan.FromSeconds(6), notice: Settings.LatestNotice) is not { } hero)
        {
            return false;
        }

        operators.Rotate();
        _distrusted = hero.Sources[0];
        Pass(policy.SuccessionWindow + TimeSpan.FromMinutes(1));
        return true;
    }

    /// <summary>A consumer whose link has died comes back by a source that is new, before the server has heard of that: it has two names now.</summary>
    private SimulatedEnvoy? NewName(TimeSpan back, TimeSpan notice)
    {
        if (Cast(bundles: 2, leaf: false) is not { } hero || !Rests() || !IsRostered(hero))
        {
            return null;
        }

        foreach (XdsClient client in hero.Clients)
        {
            network.DropStream(hero, client, back);
        }

        network.DropConnection(hero, notice);
        AddBundle(hero);
        Pass(TimeSpan.FromSeconds(3));
        return hero;
    }

    private bool StaleConfirmation()
    {
        if (Cast(bundles: 1, leaf: true) is not { Anchors: not null } hero || !Rests())
        {
            return false;
        }

        long seen = server.Store.State.Epoch;
        operators.Rotate();
        if (!PassUntil(() => server.Store.State.Epoch > seen, s_soon))
        {
            // Another rotation is under way, and what was seen is true.
            return false;
        }

        operators.ConfirmAnchors(hero, seen);
        envoys.FindAll(other => other.Alive && other != hero).ForEach(operators.GiveAnchors);
        Pass(TimeSpan.FromMinutes(3));
        return true;
    }

    private bool AnchorlessNewcomer()
    {
        if (Cast(bundles: 1, leaf: true) is not { Anchors: not null } || !Rests() || Cast(bundles: 1, leaf: true, boots: false) is not { } hero)
        {
            return false;
        }

        operators.Rotate();
        PassUntil(() => server.Store.State is var state && state.RootOf(state.Signer).Id != ServingRoot, TimeSpan.FromMinutes(2));
        network.Boot(hero);
        PassUntil(() => hero.Contexts[0].Presents is not null, TimeSpan.FromMinutes(1));
        long epoch = server.Store.State.Epoch;
        foreach (SimulatedEnvoy other in envoys.Where(other => other is { Alive: true, Anchors: not null } && other != hero).ToList())
        {
            other.Anchors!.TakeUp(files.Export(other.Key));
            operators.ConfirmAnchors(other, epoch);
        }

        Pass(TimeSpan.FromSeconds(30));
        return true;
    }

    private bool BackBeforeTheEnd()
    {
        if (Cast(bundles: 2, leaf: true) is not { } hero || !Rests() || hero.Contexts[0].Presents is not { } leaf)
        {
            return false;
        }

        _fails = effect => effect is SignLeaf sign && sign.Workload.SpiffeId == hero.Key.SpiffeId;
        DateTimeOffset end = leaf.NotAfter + policy.MaxSkew;
        PassUntil(() => time.True >= end - TimeSpan.FromSeconds(90), TimeSpan.FromMinutes(30));
        network.DropStream(hero, hero.Clients[0], TimeSpan.FromSeconds(60 + (20 * random.NextDouble())));
        network.DropStream(hero, hero.Clients[^1], s_lateSlot);
        network.DropConnection(hero, TimeSpan.Zero);
        PassUntil(() => hero.Clients[1].Stream is not null, TimeSpan.FromMinutes(1));
        operators.Rotate();
        PassUntil(() => time.True >= end, TimeSpan.FromMinutes(2));
        _fails = null;
        Pass(TimeSpan.FromMinutes(3));
        return true;
    }

    private bool TwinOfTheCutOff()
    {
        // Who has not answered its bundle by the time of the move is asked by nobody, and counts later.
        bool isAsked = random.Next(2) == 0;
        if (policy.StrictAbsence || !Rests() || Cast(bundles: 1, leaf: true) is not { Anchors: { } anchors } hero || (isAsked && !Rests()))
        {
            return false;
        }

        Hush(hero, silent: !isAsked);
        operators.Rotate();
        PassUntil(() => !anchors.Held.Contains(ServingRoot), policy.BootstrapGrace + TimeSpan.FromMinutes(10));
        Rests();
        if (anchors.Held.Contains(ServingRoot) || Cast(bundles: 1, leaf: true, twin: hero) is not { } twin || !Rests())
        {
            return false;
        }

        network.DropConnection(hero, TimeSpan.Zero);
        Pass(policy.SuccessionWindow + s_soon);
        operators.Rotate();
        Pass(TimeSpan.FromMinutes(1));
        return true;
    }

    private bool AnotherName()
    {
        if (Cast(bundles: 2, leaf: true) is not { } hero || !Rests() || network.Longest(hero) <= Settings.LongestBackoff)
        {
            return false;
        }

        // The ledger has not all its slots before the new one is written, and a server that begins anew in between knows no names.
        _effectsToDeath = null;
        network.DropStream(hero, hero.Clients[^1], s_lateSlot);
        SecretSource added = AddBundle(hero, hastens: false);
        PassUntil(() => added.HasAccepted, s_soon);
        operators.Rotate();
        Pass(s_lateSlot);
        return true;
    }

    private bool RefusedBesideAccepted()
    {
        if (Cast(bundles: 1, leaf: true, aggregated: true) is not { } hero || !Rests())
        {
            return false;
        }

        // What it is sent as a newcomer is its own; what follows it shares with all.
        operators.Rotate();
        Pass(s_soon);
        if (!Rests())
        {
            return false;
        }

        SecretSource added = AddBundle(hero);
        _distrusted = added;
        if (PassUntil(() => added.Refused, s_soon) && server.Up)
        {
            if (!policy.StrictAbsence && random.Next(2) == 0)
            {
                // Of the source that has accepted them nothing is left but the version.
                Leave(hero, hero.Contexts[0]);
                Pass(TimeSpan.FromSeconds(0.5));
            }

            server.Kill();
        }

        Pass(TimeSpan.FromMinutes(1));
        return true;
    }

    private bool RefusedUnheard() => WithTwins((hero, twin) =>
    {
        Kill(twin);
        _distrusted = hero.Sources[0];
        Hush(hero, silent: true);
        long before = server.Store.State.Epoch;
        operators.Rotate();
        if (PassUntil(() => hero.Sources[0].Stored?.Epoch > before, s_soon))
        {
            network.DropConnection(hero, Settings.LatestNotice);
        }

        Hush(hero, silent: false);
        Pass(policy.SuccessionWindow + TimeSpan.FromMinutes(1));
        operators.Tend();
        Pass(TimeSpan.FromMinutes(1));
    });

    private bool TwinAway() => WithTwins((hero, twin) =>
    {
        CutOff(twin, TimeSpan.FromMinutes(1), TimeSpan.Zero);
        network.DropStream(hero, hero.Clients[0], TimeSpan.FromSeconds(2));
        Pass(TimeSpan.FromSeconds(3));
        operators.Rotate();
        Pass(TimeSpan.FromMinutes(2));
    });

    /// <summary>
    /// Two consumers of one key, as while a process is replaced: nothing tells them apart but their connections. Only for a while: whom the server, or an operator,
    /// has taken for the other cannot be put right.
    /// </summary>
    private bool WithTwins(Action<SimulatedEnvoy, SimulatedEnvoy> play)
    {
        if (Cast(bundles: 1, leaf: false) is not { } hero || Cast(bundles: 1, leaf: false, twin: hero) is not { } twin)
        {
            return false;
        }

        (hero.HasTwin, twin.HasTwin) = (true, true);
        bool plays = Rests() && server.Store.Roster.Values.Count(entry => entry.Key == hero.Key) > 1;
        if (plays)
        {
            play(hero, twin);
        }

        Kill(twin);
        return plays;
    }

    private void Kill(SimulatedEnvoy envoy)
    {
        story.Tell($"{envoy.Name} dies");
        envoy.Alive = false;
        network.DropConnection(envoy, TimeSpan.Zero);
    }

    private bool ShownAndGone()
    {
        if (Cast(bundles: 1, leaf: true) is not { } hero || !Rests() || hero.Contexts[0].Presents is not { } leaf)
        {
            return false;
        }

        TimeSpan left = leaf.NotAfter + policy.MaxSkew - time.True;
        CutOff(hero, left - s_soon - TimeSpan.FromSeconds(15 * random.NextDouble()), TimeSpan.Zero);
        operators.Rotate();
        PassUntil(() => time.Up >= hero.CutOffUntil, TimeSpan.FromHours(1));
        TlsContext added = AddContext(hero, Add(hero, SecretKind.Leaf));
        PassUntil(() => added.Presents is not null, s_soon);
        CutOff(hero, s_soon * 3, TimeSpan.Zero);
        Pass(TimeSpan.FromMinutes(3));
        return true;
    }

    private bool OldestSourceLast()
    {
        if (policy.StrictAbsence || Cast(bundles: 2, leaf: true) is not { Manner.Aggregated: false } hero || !Rests())
        {
            return false;
        }

        (TlsContext first, TlsContext second) = (hero.Contexts[0], hero.Contexts[1]);
        TimeSpan away = TimeSpan.FromMinutes(1);
        hero.Clients.ForEach(client => network.DropStream(hero, client, away + (Settings.LongestBackoff * 0.9)));
        network.DropConnection(hero, TimeSpan.Zero);
        operators.Rotate();
        Pass(away);

        // Nobody asks for its old leaf any more.
        SecretSource leaf = Add(hero, SecretKind.Leaf);
        hero.Contexts.Add(new TlsContext(leaf, second.Bundle));
        Leave(hero, first);
        Leave(hero, second);
        network.Add(hero, leaf, hastens: false);
        TlsContext added = AddContext(hero, leaf, hastens: false);
        if (!PassUntil(() => added.Presents is not null, s_soon))
        {
            return false;
        }

        hero.Pickiness = 1;
        Hush(hero, silent: true);
        Pass(policy.SuccessionWindow + TimeSpan.FromMinutes(3));
        hero.Forgive();
        Hush(hero, silent: false);
        return true;
    }

    private bool TwoAges()
    {
        if (!Rests())
        {
            return false;
        }

        // All that the server is shown when it begins anew is a bundle.
        _fails = static effect => effect is SignLeaf;
        if (Cast(bundles: 1, leaf: true) is not { } hero || !PassUntil(() => hero.Sources.Exists(static source => source is { Kind: SecretKind.Bundle, HasAccepted: true }), TimeSpan.FromMinutes(1)) || !server.Up)
        {
            return false;
        }

        server.Kill();
        _fails = null;
        if (!PassUntil(() => hero.Contexts[0].Presents is not null, TimeSpan.FromMinutes(20)))
        {
            return false;
        }

        // What is new comes on a connection of its own, and has a leaf before all of them are on one.
        network.IsSlowToEnd = true;
        hero.IsDraining = true;
        TlsContext added = AddContext(hero, Add(hero, SecretKind.Leaf));
        PassUntil(() => added.Presents is not null, TimeSpan.FromMinutes(3));
        network.IsSlowToEnd = false;
        CutOff(hero, s_soon, TimeSpan.Zero);
        Pass(TimeSpan.FromMinutes(3));
        return true;
    }

    private bool Mistaken()
    {
        if (!Rests())
        {
            return false;
        }

        operators.Mistake();
        operators.Rotate();
        Pass(s_soon);
        operators.Mistake();
        PassUntil(() => server.Store.State.Plan is null, TimeSpan.FromMinutes(30));
        operators.Mistake();
        Pass(s_soon);
        return true;
    }

    private string ServingRoot => server.Store.State is { Serving: { } serving } state ? state.RootOf(serving.AuthorityId).Id : "";

    /// <summary>A process of its own identity; its leaf, if it has one, has the first of its streams.</summary>
    private SimulatedEnvoy? Cast(int bundles, bool leaf, bool aggregated = false, SimulatedEnvoy? twin = null, bool boots = true, bool hasAdmin = false, bool tickets = false)
    {
        if (!server.Up || envoys.Count(static envoy => envoy.Alive) >= 8)
        {
            return null;
        }

        InstanceKey key = twin?.Key ?? NewKey(100 + _lastName);
        Anchors? anchors = mix.OwnServing && key.IsRemote ? new Anchors(files.Export(key), follows: false, tells: twin is not null) : null;
        SimulatedEnvoy envoy = new($"{key.NodeId}.{++_lastName}", key, new Workload(key.SpiffeId, [], BundleOnly: !leaf), Finds)
        {
            Anchors = anchors,
            Admin = hasAdmin ? new Uri($"http://10.0.0.1:{9_000 + _lastName}") : null,
        };
        envoy.Manner = new Manner(random.Next(2) == 0 || aggregated ? Dialect.Sotw : Dialect.Delta, aggregated, OneName: false);
        SecretSource? presented = leaf ? Add(envoy, SecretKind.Leaf) : null;
        for (int bundle = 0; bundle < bundles; bundle++)
        {
            envoy.Contexts.Add(new TlsContext(presented, Add(envoy, SecretKind.Bundle)));
        }

        if (tickets)
        {
            Add(envoy, SecretKind.TicketKeys);
        }

        envoys.Add(envoy);
        story.Tell($"{envoy.Name} starts with {string.Join(", ", envoy.Sources)}");
        if (boots)
        {
            network.Boot(envoy);
        }

        return envoy;
    }

    /// <summary>It has one more context, which verifies by a source of its own.</summary>
    private SecretSource AddBundle(SimulatedEnvoy envoy, bool hastens = true) => AddContext(envoy, envoy.Contexts[0].Leaf, hastens).Bundle;

    private TlsContext AddContext(SimulatedEnvoy envoy, SecretSource? leaf, bool hastens = true)
    {
        story.Tell($"{envoy.Name} adds a context");
        TlsContext added = new(leaf, Add(envoy, SecretKind.Bundle));
        envoy.Contexts.Add(added);
        if (leaf != envoy.Contexts[0].Leaf)
        {
            network.Add(envoy, leaf!, hastens);
        }

        network.Add(envoy, added.Bundle, hastens);
        return added;
    }

    /// <summary>Waits until no rotation is under way, and everybody is there, in no mood for trouble, and has been for long.</summary>
    private bool Rests()
    {
        foreach (SimulatedEnvoy envoy in envoys)
        {
            envoy.Forgive();
            Hush(envoy, silent: false);
        }

        bool IsThere(SimulatedEnvoy envoy) => !envoy.Alive
            || (envoy.Clients.TrueForAll(static client => client.Stream is not null) && envoy.Contexts.TrueForAll(static context => context.Enforces is not null && (context.Leaf is null || context.Presents is not null)));
        return PassUntil(
            () =>
            {
                operators.Tend();
                return server.Store.State.Plan is null && envoys.TrueForAll(IsThere);
            },
            TimeSpan.FromMinutes(20))
            && PassUntil(() => envoys.TrueForAll(envoy => !envoy.Alive || time.Up >= envoy.OpenedAt + (policy.ReconnectWindow * 3)), TimeSpan.FromMinutes(3));
    }

    private bool IsRostered(SimulatedEnvoy envoy) => server.Store.Roster.Values.Any(entry => entry.Key == envoy.Key);

    private void Pass(TimeSpan span) => time.RunFor(span);

    private bool PassUntil(Func<bool> done, TimeSpan most)
    {
        TimeSpan until = time.Up + most;
        while (!done())
        {
            if (time.Up >= until)
            {
                return false;
            }

            time.RunFor(most > TimeSpan.FromMinutes(1) ? TimeSpan.FromSeconds(5) : TimeSpan.FromSeconds(0.1));
        }

        return true;
    }
}
