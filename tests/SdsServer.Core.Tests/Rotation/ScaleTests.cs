using SdsServer.Core.Fleet;
using SdsServer.Core.Rotation;
using SdsServer.Core.Secrets;

namespace SdsServer.Core.Tests.Rotation;

/// <summary>An event of one proxy makes as much work among fifty thousand as among five hundred. Work is counted, never timed.</summary>
[Trait("Rule", "E14.12")]
public sealed class ScaleTests
{
    private const int Few = 500;
    private const int Some = 2_500;
    private const int Many = 50_000;
    private const int Restless = 100;

    [Fact]
    public void An_event_costs_the_same_with_fifty_thousand_proxies_as_with_five_hundred()
    {
        List<(string Phase, double Walked, double Allocated)> few = Cost(Few);
        Assert.Equal(["Steady", "Distributing", "Issuing", "Drained", "Removing"], few.Select(cost => cost.Phase));

        // What grows with the fleet takes hours with fifty thousand: it is seen with fewer first.
        AssertNoMore(few, Some);
        AssertNoMore(few, Many);
    }

    // Its canary has died, and for hours nobody says that another may take its place.
    [Fact]
    public void A_deserted_wave_that_waits_for_an_approval_costs_the_same()
    {
        Assert.True(Deserted(Some) <= Deserted(Few), $"{Deserted(Few)} instances looked at in walks for an event with {Few} proxies, {Deserted(Some)} with {Some}");

        static double Deserted(int proxies)
        {
            (EngineWorld world, List<Sidecar> fleet) = Mesh(proxies);
            world.Rotate("b", EngineWorld.Quick with { Waves = [Wave.Of(1)], WaveGate = GatePolicy.Approval });
            world.Pass(10);
            Sidecar canary = fleet.Single(static sidecar => sidecar.IsOn("b"));
            fleet.Remove(canary);
            canary.Streams.ForEach(static stream => stream.Close());
            world.Pass(TimeSpan.FromMinutes(5));
            Assert.Equal("awaiting_approval", world.Engine.Outlook()!.Value.Refusal?.Code);
            return Measure(world, fleet).Walked;
        }
    }

    private static void AssertNoMore(List<(string Phase, double Walked, double Allocated)> few, int proxies)
    {
        foreach (((string phase, double walked, double allocated), (string samePhase, double walkedNow, double allocatedNow)) in few.Zip(Cost(proxies)))
        {
            Assert.Equal(phase, samePhase);
            Assert.True(walkedNow <= walked, $"{phase}: {walked:0.0} instances looked at in walks for an event with {Few} proxies, {walkedNow:0.0} with {proxies}");
            Assert.True(allocatedNow < allocated * 3, $"{phase}: {allocated:0} bytes an event with {Few} proxies, {allocatedNow:0} with {proxies}");
        }
    }

    /// <summary>The cost of an event in each phase of a rotation, each held by one proxy that does not answer.</summary>
    private static List<(string Phase, double Walked, double Allocated)> Cost(int proxies)
    {
        (EngineWorld world, List<Sidecar> fleet) = Mesh(proxies);
        ScriptedStream bundle = fleet[^1].Streams[0], leaf = fleet[^1].Streams[1];
        List<(string, double, double)> costs = [Measure(world, fleet)];

        bundle.Answers = false;
        world.Rotate("b", EngineWorld.Quick with { MaxInFlight = proxies, MaxSilentPercent = 100, GateDeadline = TimeSpan.FromDays(9), DropSoak = TimeSpan.FromMinutes(10) });
        world.Pass(60);
        costs.Add(Measure(world, fleet));

        leaf.Answers = false;
        bundle.Answers = true;
        bundle.Ack();
        world.Pass(60);
        costs.Add(Measure(world, fleet));

        leaf.Answers = true;
        leaf.Ack();
        world.Pass(30);
        costs.Add(Measure(world, fleet));

        bundle.Answers = false;
        world.Pass(TimeSpan.FromMinutes(11));
        costs.Add(Measure(world, fleet));
        return costs;
    }

    private static (EngineWorld World, List<Sidecar> Fleet) Mesh(int proxies)
    {
        EngineWorld world = new(new FleetPolicy { IssuesInFlight = 1_000, IssuesPerSecond = 100_000 });
        world.Server.Seen = _ => { };
        List<Sidecar> fleet = [];
        for (int i = 0; i < proxies; i++)
        {
            Sidecar sidecar = world.Sidecar($"p{i}");
            sidecar.Open(SecretKind.Bundle);
            sidecar.Open(SecretKind.Leaf);
            fleet.Add(sidecar);
        }

        world.Pass(60);
        Assert.Equal(proxies, world.Engine.Summarize().Leaves);
        return (world, fleet);
    }

    private static (string Phase, double Walked, double Allocated) Measure(EngineWorld world, List<Sidecar> fleet)
    {
        string phase = $"{world.Engine.Phase}";
        long walked = world.Engine.Walked;
        long allocated = GC.GetAllocatedBytesForCurrentThread();
        long events = world.Server.Events;
        foreach (Sidecar sidecar in fleet.Take(Restless))
        {
            sidecar.Streams[1].Close();
            sidecar.Streams[0].Close();
            sidecar.Streams[0] = sidecar.Open(SecretKind.Bundle, "b1-any");
            sidecar.Streams[1] = sidecar.Open(SecretKind.Leaf);
            sidecar.Streams.RemoveRange(2, 2);
        }

        for (int i = 0; i < Restless; i++)
        {
            world.Pass(0.1);
        }

        double happened = world.Server.Events - events;
        Assert.Equal(phase, $"{world.Engine.Phase}");
        return (phase, (world.Engine.Walked - walked) / happened, (GC.GetAllocatedBytesForCurrentThread() - allocated) / happened);
    }
}
