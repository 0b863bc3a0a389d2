using SdsServer.Core.Fleet;
using SdsServer.Core.Fleet.Commands;
using SdsServer.Core.Fleet.Effects;
using SdsServer.Core.Rotation;
using SdsServer.Core.Secrets;
using SdsServer.Testing.Virtual;

namespace SdsServer.Core.Tests.Rotation;

/// <summary>Traces in which one process is known by several names, one after the other or at once, and in which a name changes what it is.</summary>
public sealed class RotationTracesOfNamesTests
{
    private static readonly RotationPolicy Patient = EngineWorld.Quick with { GateDeadline = TimeSpan.FromDays(9) };

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_process_whose_registration_says_otherwise_by_now_is_one_process_after_a_restart_too(bool becomesBundleOnly)
    {
        EngineWorld world = new();
        Sidecar proxy = world.Sidecar("p", bundleOnly: !becomesBundleOnly).Start();
        proxy.Workload = proxy.Workload with { BundleOnly = becomesBundleOnly };
        if (becomesBundleOnly)
        {
            proxy.Leaf.Close();
            proxy.Bundle.Close();
            proxy.Open(SecretKind.Bundle, proxy.Bundle.Accepted);
        }
        else
        {
            proxy.Open(SecretKind.Leaf);
        }

        world.Pass(1);
        world.Restart(proxy);
        Assert.Single(proxy.Instances);
    }

    [Fact]
    public void A_consumer_that_takes_leaves_by_now_ages_out_like_any_other()
    {
        EngineWorld world = new(lifetime: TimeSpan.FromHours(2));
        world.Fleet(2);
        Sidecar proxy = world.Sidecar("p", bundleOnly: true).Start();
        proxy.Workload = proxy.Workload with { BundleOnly = false };
        proxy.Open(SecretKind.Leaf);
        world.Pass(60);
        proxy.Disconnect();
        world.Rotate("b", Patient);
        world.Pass(TimeSpan.FromHours(1));
        Assert.Equal(1, world.Engine.Floor);
        world.Pass(TimeSpan.FromDays(1));
        Assert.Null(world.State.Plan);
    }

    [Fact]
    public void A_process_that_is_a_consumer_by_now_is_not_ended_by_the_end_of_its_last_leaf()
    {
        EngineWorld world = new(lifetime: TimeSpan.FromHours(2));
        world.Fleet(2);
        Sidecar proxy = world.Sidecar("p").Start();
        proxy.Workload = proxy.Workload with { BundleOnly = true };
        proxy.Leaf.Close();
        proxy.Bundle.Close();
        proxy.Open(SecretKind.Bundle, proxy.Bundle.Accepted);
        world.Pass(60);
        world.Restart(proxy);

        // An order that changes nothing, and makes the engine look at it.
        world.Do(id => new RepushInstance { Id = id, Actor = "op", InstanceId = proxy.Instance.Id });
        world.Rotate("b", Patient);
        world.Pass(TimeSpan.FromDays(1));
        Assert.Equal(1, world.Engine.Floor);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Who_has_a_newer_bundle_is_sent_no_older_one_whichever_of_its_streams_comes_first(bool leafFirst)
    {
        EngineWorld world = new();
        Sidecar proxy = world.Sidecar("p").Start();
        string leaf = proxy.Leaf.Accepted!;
        proxy.Disconnect();
        world.Pass(5);
        if (leafFirst)
        {
            proxy.Return(leaf, "b5-0123");
        }
        else
        {
            proxy.Open(SecretKind.Bundle, "b5-0123");
            world.Pass(0.5);
            proxy.Open(SecretKind.Leaf, leaf);
        }

        world.Pass(120);
        Assert.All(proxy.Streams.Where(static stream => stream.Kind == SecretKind.Bundle), static stream => Assert.Empty(stream.Got));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void What_a_process_has_refused_before_it_said_who_it_is_it_has_refused(bool leafFirst)
    {
        EngineWorld world = new();
        Sidecar proxy = world.Sidecar("p").Start();
        world.Fleet(3);
        world.Rotate("b", EngineWorld.Quick with { TrustSoak = TimeSpan.FromSeconds(30) });
        world.Pass(5);
        Assert.Equal(2, proxy.Instance.Lo);
        string leaf = proxy.Leaf.Accepted!;
        proxy.Disconnect();
        world.Pass(1);
        if (leafFirst)
        {
            proxy.Open(SecretKind.Leaf, leaf);
            world.Pass(0.2);
        }

        proxy.Answers = false;
        ScriptedStream bundle = proxy.Open(SecretKind.Bundle);
        world.Pass(0.5);
        bundle.Nack();
        if (!leafFirst)
        {
            proxy.Answers = true;
            proxy.Open(SecretKind.Leaf, leaf);
            proxy.Answers = false;
        }

        world.Pass(60);
        Assert.Equal(("a", 0), (world.State.Signer, world.State.Plan!.WavesBegun));
    }

    [Fact]
    public void What_a_process_has_refused_of_its_leaf_before_it_said_who_it_is_it_has_refused()
    {
        EngineWorld world = new();
        Sidecar proxy = world.Sidecar("p").Start();
        string leaf = proxy.Leaf.Accepted!;
        proxy.Disconnect();
        world.Pass(1);
        proxy.Open(SecretKind.Bundle);
        world.Pass(1);
        proxy.Answers = false;
        ScriptedStream added = proxy.Open(SecretKind.Leaf, name: "Added");
        world.Pass(1);
        added.Nack();
        Assert.True(Assert.Single(proxy.Instances, static view => view.Connected).Refusing);
        proxy.Open(SecretKind.Leaf, leaf);
        world.Pass(0.1);
        Assert.True(proxy.Instance.Refusing);
        Assert.NotNull(proxy.Instance.LastNack);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Who_owes_an_answer_on_an_older_source_neither_succeeds_nor_outlives_its_old_name_as_proven(bool strict)
    {
        EngineWorld world = new(new FleetPolicy { StrictAbsence = strict }, lifetime: TimeSpan.FromHours(2));
        world.Fleet(2);
        (_, ScriptedStream silent) = ComeByNewSourcesFirst(world, out _);
        Assert.Equal(1, world.Engine.Floor);
        world.Pass(TimeSpan.FromMinutes(20));
        if (strict)
        {
            Assert.Equal(1, world.Engine.Floor);
            world.Pass(TimeSpan.FromMinutes(110));
        }

        Assert.True(silent.IsOpen);
        Assert.Equal((1, "a"), (world.Engine.Floor, world.State.Signer));
    }

    [Fact]
    public void Who_owed_an_answer_for_long_and_is_away_now_does_not_outlive_its_old_name_as_proven()
    {
        EngineWorld world = new(lifetime: TimeSpan.FromHours(2));
        world.Fleet(2);
        (Sidecar proxy, _) = ComeByNewSourcesFirst(world, out string old);
        world.Pass(TimeSpan.FromMinutes(90));
        proxy.Disconnect();
        world.Pass(TimeSpan.FromMinutes(40));
        Assert.Null(world.Engine.Find(old));
        Assert.NotEmpty(proxy.Instance.Outstanding);
        Assert.Equal((1, "a"), (world.Engine.Floor, world.State.Signer));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Who_owes_an_answer_on_an_older_source_counts_by_itself_once_its_old_name_does_not(bool retired)
    {
        EngineWorld world = new();
        world.Fleet(2);
        ComeByNewSourcesFirst(world, out string old);
        if (retired)
        {
            world.Retire(old);
        }
        else
        {
            Assert.Equal(CommandStatus.Done, world.Override(Gate.G1, old).Status);
        }

        world.Pass(120);
        Assert.Equal((1, "a"), (world.Engine.Floor, world.State.Signer));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Who_came_just_before_its_old_name_ages_out_may_be_that_also_while_its_dead_link_seems_alive(bool noticed)
    {
        EngineWorld world = new(lifetime: TimeSpan.FromMinutes(60));
        world.Fleet(2);
        Sidecar proxy = world.Sidecar("p", peer: "ip:10.0.0.9").Start(bundles: 2);
        proxy.Streams.Single(static stream => stream.Name == "Bundle1").Answers = false;
        world.Rotate("b", Patient);
        world.Pass(1);
        TimeSpan counts = Assert.Single(proxy.Instance.Outstanding).NotAfter + world.Policy.MaxSkew - world.Time.Now.Utc;
        world.Pass(counts - TimeSpan.FromSeconds(10));
        Assert.Equal(1, world.Engine.Floor);
        if (noticed)
        {
            proxy.Disconnect();
        }
        else
        {
            proxy.Obeys = false;
            proxy.Drain();
        }

        proxy.Open(SecretKind.Bundle, name: "Bundle2");
        proxy.Open(SecretKind.Leaf, name: "Leaf2");
        world.Pass(15);
        Assert.Equal(1, world.Engine.Floor);
    }

    [Fact]
    public void Who_is_away_is_taken_as_gone_W_after_the_one_that_kept_it_has_gone()
    {
        EngineWorld world = new();
        Sidecar gone = world.Sidecar("p").Start();
        string id = gone.Instance.Id;
        gone.Disconnect();
        new Sidecar(world, gone.Key, gone.Workload).Start();
        world.Pass(60);
        Sidecar refuses = new(world, gone.Key, gone.Workload);
        refuses.Open(SecretKind.Bundle);
        world.Pass(1);
        refuses.Answers = false;
        ScriptedStream leaf = refuses.Open(SecretKind.Leaf);
        world.Pass(1);
        leaf.Nack();
        world.Pass(TimeSpan.FromMinutes(20));
        Assert.NotNull(world.Engine.Find(id));
        refuses.Disconnect();
        world.Pass(world.Policy.SuccessionWindow - TimeSpan.FromSeconds(1));
        Assert.NotNull(world.Engine.Find(id));
        world.Pass(2);
        Assert.Null(world.Engine.Find(id));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Who_was_back_for_a_moment_under_another_name_has_its_time_again_also_if_it_was_given_a_leaf(bool given)
    {
        EngineWorld world = new();
        Sidecar proxy = world.Sidecar("p").Start(bundles: 2);
        string id = proxy.Instance.Id;
        new Sidecar(world, proxy.Key, proxy.Workload).Start(bundles: 2);
        world.Pass(60);
        proxy.Disconnect();
        world.Pass(TimeSpan.FromMinutes(10));

        // Back by new sources, and away again before the others have had their backoff.
        ScriptedStream bundle = proxy.Open(SecretKind.Bundle, name: "Bundle2");
        bundle.Answers = given;
        world.Pass(1);
        if (given)
        {
            proxy.Open(SecretKind.Leaf).Answers = false;
            world.Pass(1);
        }

        proxy.Disconnect();
        world.Pass(TimeSpan.FromMinutes(14));
        Assert.NotNull(world.Engine.Find(id));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_consumer_whose_link_dies_unnoticed_again_leaves_no_name_that_nothing_ends(bool restart)
    {
        EngineWorld world = new();
        Sidecar consumer = world.Sidecar("c", bundleOnly: true).Start();
        consumer.Obeys = false;
        Flap(world, consumer);
        world.Pass(60);
        Assert.Equal(2, consumer.Instances.Count(static view => view.Rostered));
        if (restart)
        {
            world.Restart(consumer);
            world.Pass(5);
            consumer.Open(SecretKind.Bundle, world.Engine.Bundle.Version);
        }
        else
        {
            Flap(world, consumer);
        }

        world.Pass(60);
        world.Rotate("b", EngineWorld.Quick);
        world.Pass(TimeSpan.FromHours(1));
        Assert.Single(consumer.Instances);
        Assert.Null(world.State.Plan);
    }

    [Fact]
    public void The_roster_forgets_a_name_that_turns_out_to_be_another()
    {
        EngineWorld world = new();
        Sidecar proxy = world.Sidecar("p").Start();
        string leaf = proxy.Leaf.Accepted!;
        proxy.Disconnect();
        proxy.Workload = proxy.Workload with { BundleOnly = true };
        proxy.Open(SecretKind.Bundle);
        world.Pass(60);
        Assert.Single(proxy.Instances, static view => view.Rostered);
        proxy.Workload = proxy.Workload with { BundleOnly = false };
        proxy.Open(SecretKind.Leaf, leaf);
        world.Pass(60);
        world.Restart(proxy);
        Assert.DoesNotContain(proxy.Instances, static view => view.Rostered);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_confirmation_ends_with_the_roots_that_it_was_for_also_if_they_come_back(bool confirmedAgain)
    {
        EngineWorld world = new();
        world.Fleet(2);
        Sidecar unmanaged = world.Sidecar("u");
        unmanaged.Open(SecretKind.Leaf);
        world.Pass(1);
        Confirm(world, unmanaged);
        world.Rotate("b", EngineWorld.Quick with { TrustSoak = TimeSpan.FromMinutes(10) });
        world.Pass(5);
        if (confirmedAgain)
        {
            Confirm(world, unmanaged);
            Assert.Equal(2, unmanaged.Instance.Lo);
        }

        // The operator takes it back to {A}; of {A}, and of {A,B} again, nobody has looked what it trusts.
        world.Turn(RotationGoal.Back);
        world.Pass(5);
        Assert.Equal("A", world.Bundle);
        Assert.False(unmanaged.Instance.TrustConfirmed);
        world.Turn(RotationGoal.Forward);
        world.Pass(TimeSpan.FromMinutes(11));
        Assert.Equal("A,B", world.Bundle);
        Assert.False(unmanaged.Instance.TrustConfirmed);
        Assert.True(unmanaged.Instance.Lo < world.State.Epoch);
        Confirm(world, unmanaged);
        Assert.True(unmanaged.Instance.TrustConfirmed);
    }

    // A new consumer in the proxy asks for what its connection already has: DiscoverySession says which delivery brought that first.
    [Fact]
    public void A_refusal_of_what_was_sent_once_more_is_a_refusal()
    {
        EngineWorld world = new();
        world.Fleet(2);
        Sidecar proxy = world.Sidecar("p").Start();
        world.Rotate("b", EngineWorld.Quick with { TrustSoak = TimeSpan.FromMinutes(10) });
        world.Pass(5);
        proxy.Bundle.Answers = false;
        proxy.Bundle.Nack();
        world.Pass(1);
        Assert.True(proxy.Instance.Refusing);
        world.Pass(TimeSpan.FromMinutes(1));
        Assert.True(proxy.Bundle.Got.Count > 2);
    }

    // It is back by sources that are new, and gets a leaf; of its old ones that of the leaf is gone for good, and a bundle's is silent.
    private static (Sidecar Proxy, ScriptedStream Silent) ComeByNewSourcesFirst(EngineWorld world, out string old)
    {
        Sidecar proxy = world.Sidecar("p").Start(bundles: 2);
        old = proxy.Instance.Id;
        string held = proxy.Bundle.Accepted!;
        proxy.Disconnect();
        world.Rotate("b", Patient);
        world.Pass(1);
        proxy.Open(SecretKind.Bundle, name: "Bundle2");
        proxy.Open(SecretKind.Leaf, name: "Leaf2");
        world.Pass(10);
        proxy.Open(SecretKind.Bundle, held, name: "Bundle");
        ScriptedStream silent = proxy.Open(SecretKind.Bundle, held, name: "Bundle1");
        silent.Answers = false;
        world.Pass(5);
        Assert.Contains(proxy.Instances, static view => view.Connected && view.Outstanding.Length > 0);
        return (proxy, silent);
    }

    [Fact]
    public void Who_is_passed_over_while_its_dead_link_seems_alive_covers_for_nobody()
    {
        EngineWorld world = new();
        world.Fleet(2);
        Sidecar proxy = world.Sidecar("p", peer: "ip:10.0.0.9").Start(bundles: 2);
        string old = proxy.Instance.Id;
        proxy.Streams.Single(static stream => stream.Name == "Bundle1").Answers = false;
        world.Rotate("b", Patient);
        world.Pass(60);
        Assert.Equal(1, world.Engine.Floor);
        proxy.Obeys = false;
        proxy.Drain();
        proxy.Open(SecretKind.Bundle, name: "Bundle2");
        proxy.Open(SecretKind.Leaf, name: "Leaf2");
        world.Pass(5);
        Assert.Equal(CommandStatus.Done, world.Override(Gate.G1, old).Status);
        world.Pass(10);
        Assert.Equal((1, "a"), (world.Engine.Floor, world.State.Signer));
    }

    [Fact]
    public void Who_came_back_without_one_of_its_sources_and_is_away_when_its_old_name_ends_may_still_hide_it()
    {
        EngineWorld world = new(lifetime: TimeSpan.FromHours(1));
        world.Fleet(2);
        Sidecar proxy = world.Sidecar("p").Start(bundles: 2);
        bool fails = true;
        world.Server.Fate = effect => fails && effect is SignLeaf { Workload.SpiffeId: var id } && id == proxy.Key.SpiffeId ? EffectFate.Fails : EffectFate.Works;
        DateTimeOffset end = proxy.Instance.Outstanding.Max(static row => row.NotAfter) + world.Policy.MaxSkew;
        world.Pass(end - world.Time.Now.Utc - TimeSpan.FromSeconds(200));
        fails = false;
        proxy.Disconnect();
        proxy.Open(SecretKind.Bundle);
        proxy.Open(SecretKind.Leaf);
        world.Pass(120);
        Assert.NotNull(proxy.Leaf.Accepted);
        world.Rotate("b", Patient);
        world.Pass(10);
        Assert.Equal(1, world.Engine.Floor);
        proxy.Disconnect();
        world.Pass(90);
        Assert.Equal((1, "a"), (world.Engine.Floor, world.State.Signer));
    }

    private static void Flap(EngineWorld world, Sidecar consumer)
    {
        long dead = consumer.Connection;
        ScriptedStream old = consumer.Streams[^1];
        consumer.Drain();
        consumer.Open(SecretKind.Bundle, old.Accepted);
        world.Pass(10);
        old.Close();
        world.Server.Post(new ConnectionClosed(dead));
        world.Pass(1);
    }

    private static void Confirm(EngineWorld world, Sidecar unmanaged)
    {
        world.Do(id => new ConfirmTrust { Id = id, Actor = "op", InstanceId = unmanaged.Instance.Id, Epoch = world.State.Epoch });
        world.Pass(5);
    }
}
