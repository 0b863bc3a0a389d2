using SdsServer.Core.Fleet.Completions;
using SdsServer.Core.Fleet.Effects;
using SdsServer.Core.Rotation;
using SdsServer.Core.Secrets;
using SdsServer.Simulation.Envoys;

namespace SdsServer.Simulation.Runs;

/// <summary>Plots in which a rotation goes wrong when it has reached some, and not all.</summary>
internal sealed partial class Chaos
{
    private const string Canaries = "canary";

    private static readonly RotationPolicy s_byCanaries = Operators.Eager with { Waves = [Wave.Of(new WaveSelector(Cluster: Canaries))], CanarySoak = TimeSpan.FromMinutes(10) };

    // Leaves under this root are found wrong.
    private string? _resented;

    private bool Halted()
    {
        if (Cast(bundles: 1, leaf: true) is null || Cast(bundles: 1, leaf: true) is null || !Rests())
        {
            return false;
        }

        _lingers = static effect => effect is SaveState;
        _resented = RootOf(operators.Rotate());
        if (!PassUntil(() => server.Store.State.Plan is { Hold.Cause: HoldCause.Nack }, TimeSpan.FromMinutes(2)))
        {
            return false;
        }

        if (random.Next(2) == 0 && server.Up)
        {
            server.Kill();
        }

        Pass(Settings.LeafLifetime);
        return true;
    }

    private bool CanaryGone()
    {
        if (Canary() is not { } hero || !Rests())
        {
            return false;
        }

        string to = operators.Rotate(rotation: s_byCanaries);
        if (!PassUntil(() => IsOn(hero, to), TimeSpan.FromMinutes(1)))
        {
            return false;
        }

        Kill(hero);
        Pass(TimeSpan.FromMinutes(8));
        return true;
    }

    private bool Relabelled()
    {
        if (Canary() is not { } hero || !Rests())
        {
            return false;
        }

        string to = operators.Rotate(rotation: s_byCanaries);
        if (!PassUntil(() => IsOn(hero, to), TimeSpan.FromMinutes(1)))
        {
            return false;
        }

        hero.Clusters.Add("mesh");
        network.DropStream(hero, hero.Clients[^1], TimeSpan.FromSeconds(1));
        Pass(TimeSpan.FromMinutes(1));
        return true;
    }

    private bool MuteNewcomer()
    {
        if (Canary() is not { } first || !Rests())
        {
            return false;
        }

        string to = operators.Rotate(rotation: s_byCanaries with { WaveGate = new GatePolicy(GateKind.Time, policy.AckTimeout * 5) });
        if (!PassUntil(() => IsOn(first, to), TimeSpan.FromMinutes(1)) || Canary() is not { } hero)
        {
            return false;
        }

        hero.IsMute = true;
        Pass(policy.AckTimeout * 8);
        hero.IsMute = false;
        return true;
    }

    private bool SignersOut()
    {
        if (Cast(bundles: 1, leaf: true) is null || !Rests())
        {
            return false;
        }

        bool isAll = random.Next(2) == 0;
        string to = operators.Rotate(stays: random.Next(2) == 0);
        _fails = effect => effect is SignLeaf sign && (isAll || sign.AuthorityId == to);
        if (isAll && random.Next(2) == 0)
        {
            // It takes longer to fail than a failure is remembered for.
            (_lingers, _lingering) = (effect => effect is SignLeaf sign && sign.AuthorityId == to, TimeSpan.FromSeconds(100));
        }

        Pass(Settings.LeafLifetime + policy.MaxSkew + TimeSpan.FromMinutes(10));
        return true;
    }

    private bool SignerFallsOut()
    {
        if (Canary() is not { } hero || !Rests())
        {
            return false;
        }

        string to = operators.Rotate(rotation: s_byCanaries with { CanarySoak = TimeSpan.FromMinutes(1) });
        if (!PassUntil(() => IsOn(hero, to), TimeSpan.FromMinutes(1)))
        {
            return false;
        }

        _fails = effect => effect is SignLeaf sign && sign.AuthorityId == to;
        for (int time = 0; time < 8; time++)
        {
            operators.RepushAll();
            Pass(s_soon * 2);
        }

        return true;
    }

    private bool OldSignerFallsOut()
    {
        if (Cast(bundles: 1, leaf: true) is null || Cast(bundles: 1, leaf: true) is null || !Rests())
        {
            return false;
        }

        string from = server.Store.State.Signer;
        (_lingers, _lingering) = (effect => effect is SignLeaf sign && sign.AuthorityId != from, s_soon);
        string to = operators.Rotate(rotation: Operators.Eager with { MaxInFlight = 1 });
        if (!PassUntil(() => envoys.Exists(envoy => envoy.Alive && IsOn(envoy, to)), TimeSpan.FromMinutes(1)))
        {
            return false;
        }

        _lingers = null;
        _fails = effect => effect is SignLeaf sign && sign.AuthorityId == from;
        operators.Stop();
        Pass(Settings.LeafLifetime + policy.MaxSkew + TimeSpan.FromMinutes(10));
        return true;
    }

    private bool Stopped()
    {
        if (Cast(bundles: 1, leaf: true) is null || Cast(bundles: 1, leaf: true) is null || Cast(bundles: 1, leaf: false) is not { } consumer || !Rests() || !IsRostered(consumer))
        {
            return false;
        }

        string to = operators.Rotate();
        if (!PassUntil(() => envoys.Exists(envoy => envoy.Alive && IsOn(envoy, to)), TimeSpan.FromMinutes(1)))
        {
            return false;
        }

        (_lingers, _lingering) = (static effect => effect is SaveState, Settings.LeafLifetime * 0.6);
        if (random.Next(2) == 0)
        {
            // The store is busy with another order.
            Kill(consumer);
            Pass(TimeSpan.FromSeconds(0.1));
            operators.Tend();
        }

        operators.Stop();
        Pass(Settings.LeafLifetime);
        return true;
    }

    private bool GoneUnanswered()
    {
        if (Cast(bundles: 1, leaf: true) is null || Cast(bundles: 1, leaf: true) is null || !Rests())
        {
            return false;
        }

        string from = server.Store.State.Signer;
        (_lingers, _lingering) = (effect => effect is SignLeaf sign && sign.AuthorityId != from, s_soon);
        RotationPolicy rotation = Operators.Eager with { Waves = random.Next(2) == 0 ? [] : [Wave.Of(2)] };
        string to = operators.Rotate(rotation: rotation);
        SimulatedEnvoy? first = null;
        bool Owes(SimulatedEnvoy envoy) => envoy.Alive && envoy != first && envoy.Sources.Exists(source =>
            source is { Kind: SecretKind.Leaf, Sent: { } sent, UnansweredSince: not null } && server.Store.Row(sent.Split('|')[0])?.AuthorityId == to);
        if (!PassUntil(() => (first = envoys.Find(envoy => envoy.Alive && IsOn(envoy, to))) is not null, TimeSpan.FromMinutes(1)))
        {
            return false;
        }

        envoys.ForEach(envoy => envoy.IsMute = envoy != first);
        bool isOwing = PassUntil(() => envoys.Exists(Owes), TimeSpan.FromMinutes(1));
        SimulatedEnvoy? hero = envoys.Find(Owes);
        envoys.ForEach(static envoy => envoy.IsMute = false);
        if (!isOwing || hero is null)
        {
            return false;
        }

        _lingers = null;
        if (random.Next(2) == 0)
        {
            PassUntil(() => server.Store.State.Plan is { Hold.Cause: HoldCause.Silent }, policy.AckTimeout * 4);
        }

        Kill(hero);
        Pass(TimeSpan.FromMinutes(5));
        return true;
    }

    private bool SuccessorsGone()
    {
        if (Cast(bundles: 1, leaf: true) is null || Cast(bundles: 1, leaf: true) is null || !Rests())
        {
            return false;
        }

        string to = operators.Rotate(rotation: Operators.Eager with { Waves = [Wave.Of(1)], CanarySoak = TimeSpan.FromMinutes(10) });
        if (!PassUntil(() => envoys.Exists(envoy => envoy.Alive && IsOn(envoy, to)), TimeSpan.FromMinutes(1)))
        {
            return false;
        }

        bool isTakenOver = false;
        _lingers = effect => effect is SaveState { Entry.Kind: DecisionKind.SetSigner } && (isTakenOver = true);
        Kill(envoys.Find(envoy => envoy.Alive && IsOn(envoy, to))!);
        if (PassUntil(() => isTakenOver, policy.ReconnectWindow + s_soon))
        {
            envoys.FindAll(envoy => envoy.Alive && random.Next(2) == 0).ForEach(envoy => CutOff(envoy, TimeSpan.FromMinutes(5), TimeSpan.Zero));
        }

        Pass(TimeSpan.FromMinutes(8));
        return true;
    }

    private bool AdminUnheard()
    {
        if (Cast(bundles: 1, leaf: true, hasAdmin: true) is not { } hero || !Rests())
        {
            return false;
        }

        hero.IsAdminMute = true;
        operators.Rotate(rotation: Operators.Eager with { Evidence = LeafEvidence.EnvoyAdmin });
        if (PassUntil(() => server.Store.State.Plan is { DrainedAt: not null }, policy.AckTimeout * 3) && server.Up)
        {
            server.Kill();
        }

        Pass(TimeSpan.FromMinutes(1));
        hero.IsAdminMute = false;
        return true;
    }

    private bool TicketsAfterDrop()
    {
        if (Cast(bundles: 2, leaf: true, tickets: true) is not { } hero || !Rests())
        {
            return false;
        }

        string to = operators.Rotate(rotation: Operators.Eager with { DropSoak = s_soon });
        if (!PassUntil(() => IsOn(hero, to), TimeSpan.FromMinutes(1)))
        {
            return false;
        }

        _distrusted = hero.Sources.Find(static source => source.Kind == SecretKind.Bundle);
        Pass(TimeSpan.FromMinutes(2));

        // It comes back by a source that is new, which accepts, then by that for the keys, then by the others.
        foreach (XdsClient client in hero.Clients)
        {
            network.DropStream(hero, client, TimeSpan.FromSeconds(client == hero.Clients[^1] ? 5 : 25));
        }

        network.DropConnection(hero, TimeSpan.Zero);
        AddBundle(hero);
        Pass(TimeSpan.FromMinutes(1));
        return true;
    }

    private bool BackUndated()
    {
        if (Cast(bundles: 1, leaf: true) is not { } hero || !Rests())
        {
            return false;
        }

        CutOff(hero, Settings.LeafLifetime + policy.MaxSkew + TimeSpan.FromMinutes(2), TimeSpan.Zero);
        PassUntil(() => time.Up >= hero.CutOffUntil, TimeSpan.FromHours(1));
        AddBundle(hero);
        Pass(policy.ReconnectWindow * 4);
        return true;
    }

    /// <summary>A process that its own word makes one of the canaries, and another that is none.</summary>
    private SimulatedEnvoy? Canary()
    {
        if (Cast(bundles: 1, leaf: true) is null || Cast(bundles: 1, leaf: true, boots: false) is not { } canary)
        {
            return null;
        }

        canary.Clusters.Add(Canaries);
        network.Boot(canary);
        return canary;
    }

    private bool IsOn(SimulatedEnvoy envoy, string authority) =>
        envoy.Contexts.TrueForAll(context => context.Presents is { } leaf && server.Store.Row(leaf.Serial)?.AuthorityId == authority);

    private string RootOf(string authority) => server.Store.State.RootOf(authority).Id;

    private ProxyProbed? Probe(ProbeProxy probe) => envoys.Find(envoy => envoy.Alive && envoy.Admin == probe.Admin) is not { } asked
        ? null
        : new ProxyProbed(probe.InstanceId, probe.Serial, !asked.IsAdminMute && asked.Contexts.Exists(context => context.Presents?.Serial == probe.Serial), "asked");
}
