using System.Collections.Immutable;
using System.Globalization;
using SdsServer.Core.Fleet;
using SdsServer.Core.Fleet.Effects;
using SdsServer.Core.Rotation;
using SdsServer.Core.Secrets;

namespace SdsServer.Core.Tests.Rotation;

/// <summary>
/// A workload that does its worst for as long as it likes: what it keeps from others, and for how long. Its rows over the real wire are in
/// the server's own tests.
/// </summary>
[Trait("Rule", "E6")]
public sealed class HostileCallerTests
{
    private static readonly TimeSpan Life = TimeSpan.FromMinutes(10);

    // The last leaf that it can have, what the clock may be wrong by, and the time it is given to answer.
    private static readonly TimeSpan Bound = Life + new FleetPolicy().MaxSkew + new FleetPolicy().QuarantineAfter + TimeSpan.FromMinutes(3);

    private int _processes;

    /// <summary>What a process of the hostile identity does when it comes.</summary>
    private enum Way
    {
        /// <summary>Takes all it is sent, and goes.</summary>
        Obeys,

        /// <summary>Takes the bundle and leaves the leaf unanswered.</summary>
        Silent,

        /// <summary>Takes the bundle and refuses the leaf.</summary>
        Refuses,
    }

    [Theory]
    [InlineData("new processes")]
    [InlineData("lost leaves")]
    [InlineData("refused leaves")]
    public void An_identity_that_asks_for_leaves_without_end_delays_no_renewal_of_another(string manner)
    {
        EngineWorld world = new(new FleetPolicy { IssuesPerSecond = 20, NackBackoff = TimeSpan.FromMilliseconds(1), MaxNackBackoff = TimeSpan.FromMilliseconds(1) }, lifetime: Life);
        ImmutableArray<Sidecar> fleet = world.Fleet(5);
        Sidecar[] hostile = [.. Enumerable.Range(0, 60).Select(_ => Hostile(world))];
        foreach (Sidecar process in hostile)
        {
            process.Start();
        }

        world.Pass(60);
        Dictionary<string, DateTimeOffset> due = fleet.ToDictionary(sidecar => sidecar.Key.SpiffeId, sidecar => sidecar.Instance.RenewAt!.Value);
        Dictionary<string, TimeSpan> late = [];
        world.Server.Seen = effect =>
        {
            if (effect is SignLeaf sign && due.Remove(sign.Workload.SpiffeId, out DateTimeOffset at))
            {
                late.Add(sign.Workload.SpiffeId, world.Time.True - at);
            }
        };
        int asked = world.Store.Ledger.Count();
        while (due.Count > 0 && world.Time.Up < Life)
        {
            foreach (Sidecar process in hostile)
            {
                Ask(world, process, manner);
            }

            world.Pass(1);
        }

        Assert.Equal(5, late.Count);
        Assert.All(late.Values, delay => Assert.InRange(delay, TimeSpan.Zero, TimeSpan.FromSeconds(1)));
        Assert.True(world.Store.Ledger.Count() - asked > 1_000, "it has not asked for more than the budget holds");
    }

    [Fact]
    public void A_leaf_that_is_never_answered_holds_a_wave_until_it_has_expired_and_is_not_renewed_for_ever()
    {
        EngineWorld world = new(lifetime: Life);
        ImmutableArray<Sidecar> fleet = world.Fleet(10);
        Sidecar silent = world.Sidecar("hostile").Start();
        silent.Leaf.Answers = false;
        world.Rotate("b", Waves("/hostile"));
        world.Pass(60);
        Assert.Equal((1, HoldCause.Silent), (world.State.Plan!.WavesBegun, world.State.Plan.Hold!.Cause));

        // Nobody is left in its wave then, which is watched for as long as any other.
        world.Pass(Bound + world.State.Plan.Policy.CanarySoak);

        Assert.Equal(("B", RotationPhase.Steady), (world.Bundle, world.Engine.Phase));
        Assert.All(fleet, sidecar => Assert.True(sidecar.IsOn("b")));
        world.AssertSound();
    }

    [Theory]
    [InlineData((int)Way.Obeys)]
    [InlineData((int)Way.Silent)]
    [InlineData((int)Way.Refuses)]
    public void New_processes_without_end_hold_no_wave_for_longer_than_the_leaves_of_the_first(int way)
    {
        EngineWorld world = new(lifetime: Life);
        ImmutableArray<Sidecar> fleet = world.Fleet(10);
        Come(world, Hostile(world), Way.Obeys);
        world.Rotate("b", Waves("/fleet0", "/hostile"));
        // A refusal holds the first wave, and a newcomer the second.
        TimeSpan bound = (Way)way == Way.Obeys ? TimeSpan.FromMinutes(6) : Bound + world.Policy.QuarantineAfter;
        TimeSpan? signs = null;
        Queue<Sidecar> present = [];
        while (world.State.Plan is not null && world.Time.Up < Bound * 3)
        {
            Sidecar process = Hostile(world);
            Come(world, process, (Way)way);
            present.Enqueue(process);
            world.Pass(20);
            signs ??= world.State.Signer == "b" ? world.Time.Up : null;
            if (present.Count > 1)
            {
                present.Dequeue().Disconnect();
            }
        }

        Assert.InRange(signs ?? TimeSpan.MaxValue, TimeSpan.FromMinutes(4), bound);
        Assert.Equal(("B", RotationPhase.Steady), (world.Bundle, world.Engine.Phase));
        Assert.All(fleet, sidecar => Assert.True(sidecar.IsOn("b")));
        world.AssertSound();
    }

    // Its first leaf is no move of a wave, so it takes up no place among those that are.
    [Fact]
    public void Newcomers_take_up_no_place_among_the_proxies_that_a_wave_moves()
    {
        EngineWorld world = new();
        ImmutableArray<Sidecar> fleet = world.Fleet(10);
        world.Rotate("b", EngineWorld.Quick with { MaxInFlight = 1, TrustSoak = TimeSpan.FromSeconds(5) });
        world.Pass(4);
        foreach (Sidecar sidecar in fleet[1..])
        {
            sidecar.Leaf.Answers = false;
        }

        world.Pass(10);
        Come(world, Hostile(world), Way.Silent);
        foreach (Sidecar sidecar in fleet[1..])
        {
            sidecar.Leaf.Answers = true;
            sidecar.Leaf.Ack();
        }

        world.Pass(5);
        Assert.All(fleet, sidecar => Assert.True(sidecar.IsOn("b")));
    }

    // A service whose processes all come back at once has had its share, and takes what nobody else needs.
    [Fact]
    public void What_nobody_else_needs_of_the_budget_is_given_to_whoever_asks()
    {
        EngineWorld world = new(new FleetPolicy { IssuesPerSecond = 20 });
        Sidecar[] service = [.. Enumerable.Range(0, 100).Select(_ => Hostile(world))];
        foreach (Sidecar process in service)
        {
            process.Open(SecretKind.Bundle);
            process.Open(SecretKind.Leaf);
        }

        world.Pass(5);
        Assert.Equal(100, world.Store.Ledger.Count());
    }

    // A crash loop under one node id, or a caller that has one on purpose: one more costs each of them one look, not each of them a look at all.
    [Fact]
    public void Many_processes_of_one_key_are_looked_at_once_when_another_comes()
    {
        EngineWorld world = new();
        for (int i = 0; i < 200; i++)
        {
            world.Sidecar("hostile").Start().Disconnect();
        }

        world.Sidecar("hostile").Start();
        long before = world.Engine.KinLookedAt;

        world.Sidecar("hostile").Start();

        Assert.InRange(world.Engine.KinLookedAt - before, 1, 202 * 10);
    }

    [Fact]
    public void An_identity_has_so_many_leaves_and_another_has_its_own()
    {
        EngineWorld world = new(new FleetPolicy { LeavesPerIdentity = 50 }, lifetime: Life);
        ImmutableArray<Sidecar> fleet = world.Fleet(2);
        List<Sidecar> hostile = [];
        for (int i = 0; i < 60; i++)
        {
            hostile.Add(Hostile(world).Start());
        }

        Assert.Equal(50, hostile.Count(process => process.Leaf.Got.Count > 0));
        Assert.Contains("50 leaves", hostile[^1].Instance.HeldBecause, StringComparison.Ordinal);
        Assert.NotEmpty(world.Sidecar("joiner").Start().Leaf.Got);

        hostile[0].Disconnect();
        world.Pass(Life + world.Policy.MaxSkew + TimeSpan.FromMinutes(1));
        Assert.Equal(51, hostile.Count(process => process.Leaf.Got.Count > 0));
        Assert.All(fleet, sidecar => Assert.True(sidecar.Leaf.Got.Count > 1));
    }

    // One wave for each path, and one for everybody else.
    private static RotationPolicy Waves(params string[] paths) => EngineWorld.Quick with
    {
        Waves = [.. paths.Select(path => Wave.Of(new WaveSelector(path)))],
        CanarySoak = TimeSpan.FromMinutes(2),
        WaveSoak = TimeSpan.FromMinutes(2),
        GateDeadline = TimeSpan.FromDays(1),
    };

    private static void Ask(EngineWorld world, Sidecar process, string manner)
    {
        switch (manner)
        {
            case "new processes":
                process.Disconnect();
                process.Open(SecretKind.Bundle);
                process.Open(SecretKind.Leaf);
                break;
            case "lost leaves":
                process.Answers = false;
                ScriptedStream lost = process.Open(SecretKind.Leaf);
                world.Time.After(TimeSpan.FromMilliseconds(900), lost.Close);
                break;
            default:
                if (process.Leaf.Got.Count > 0)
                {
                    process.Leaf.Answers = false;
                    process.Leaf.Nack();
                }

                break;
        }
    }

    private Sidecar Hostile(EngineWorld world)
    {
        string node = string.Create(CultureInfo.InvariantCulture, $"hostile{++_processes}");
        return new(world, new InstanceKey("spiffe://mesh/hostile", node, $"user:{node}"), new Workload("spiffe://mesh/hostile", [], BundleOnly: false))
        {
            Traits = ProxyTraits.Of("spiffe://mesh/hostile"),
        };
    }

    private static void Come(EngineWorld world, Sidecar process, Way way)
    {
        process.Open(SecretKind.Bundle);
        world.Pass(0.5);
        process.Answers = way == Way.Obeys;
        ScriptedStream leaf = process.Open(SecretKind.Leaf);
        world.Pass(0.5);
        if (way == Way.Refuses && leaf.Got.Count > 0)
        {
            leaf.Nack();
        }
    }
}
