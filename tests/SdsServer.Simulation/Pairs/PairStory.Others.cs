using SdsServer.Cli.Demo;
using SdsServer.Core.Fleet.Commands;
using SdsServer.Core.Rotation;

namespace SdsServer.Simulation.Pairs;

/// <summary>Away from a stolen root, to an intermediate, and a rotation that is held while the server restarts; somebody is a step behind in each.</summary>
internal sealed partial class PairStory
{
    // Deadlines that nobody here is late for: who is passed over at one is refused, as the operator is told.
    private static RotationPolicy Urgent { get; } = new() { SignDeadline = TimeSpan.FromMinutes(10), DropDeadline = TimeSpan.FromMinutes(20) };

    /// <summary>The root that signs is stolen while nothing else goes on.</summary>
    public async Task StolenAsync()
    {
        TlsIdentity old = await AllGatherAsync();
        Begin(Late, Sidecar.BundleName);
        Start(RotationKind.Emergency, "b", Urgent, compromised: "a");
        await SettleAsync(RotationPhase.Distributing);
        Begin(Twin, Sidecar.LeafName);
        await EndAsync(Late);
        await SettleAsync(RotationPhase.Issuing);
        await OutAsync(Plain, old, "b", Twin);
    }

    /// <summary>Half way from a to b, in a wave that is held, one of the two roots is stolen.</summary>
    public async Task StolenHalfWayAsync(string stolen)
    {
        await AllGatherAsync();
        await HeldInTheFirstWaveAsync();
        TlsProxy owner = world.Proxies.Last(proxy => IsOn(proxy, stolen));
        TlsIdentity old = owner.Identity!;
        string to = stolen == "a" ? "b" : "a";
        Begin(owner, Sidecar.LeafName);
        Start(RotationKind.Emergency, to, Urgent, stolen);
        await SettleAsync(RotationPhase.Issuing);
        await OutAsync(owner, old, to, owner);
    }

    /// <summary>To an intermediate under the same root, or to the middle of the waves and back: no bundle changes.</summary>
    public async Task IntermediateAsync(bool back)
    {
        TlsIdentity old = await AllGatherAsync();
        long epoch = world.State.Epoch;
        await world.CreateIntermediateAsync("below-a", "a");
        Begin(Twin, Sidecar.LeafName);
        Start(RotationKind.Intermediate, "below-a", Quick);
        await SettleAsync(RotationPhase.Issuing);
        if (back)
        {
            Do(id => new TurnRotation { Id = id, Actor = "op", Goal = RotationGoal.Back });
            await world.PassAsync(45);
            await JoinAsync();
        }

        await EndAsync(Twin);
        await FinishAsync(back ? "a" : "below-a");
        Assert.Equal(epoch, world.State.Epoch);
        Assert.All(world.Proxies, proxy => Assert.Equal(back ? 0 : 1, proxy.Identity!.Leaf.Intermediates.Count));
        await AssertGoneAsync(Plain, old, isGone: false);
    }

    /// <summary>
    /// A wave is held, and the server dies and comes back while somebody is behind; then it goes on. One that was away before and comes back only
    /// then has a leaf of the old root all the while.
    /// </summary>
    public async Task HeldOverARestartAsync()
    {
        await AllGatherAsync();
        await HeldInTheFirstWaveAsync();
        TlsProxy away = world.Proxies.Last(proxy => IsOn(proxy, "a"));
        TlsProxy behind = world.Proxies.First(proxy => proxy != away);
        TlsIdentity old = away.Identity!;
        away.Begin(Lag.Away, Sidecar.LeafName);
        Begin(behind, Sidecar.BundleName);
        world.Restart();
        await SettleAsync(RotationPhase.Issuing);
        Assert.Equal((HoldCause.Operator, 1), (world.State.Plan!.Hold?.Cause, world.State.Plan.WavesBegun));
        await EndAsync(behind);
        Do(id => new UnholdRotation { Id = id, Actor = "op" });
        Assert.True(await world.UntilAsync(() => world.State.Signer == "b"), $"it does not go on: {world.Engine.Outlook()}");
        await SettleAsync(RotationPhase.Issuing);
        await OutAsync(away, old, "b", away);
    }

    // Twins wait for their first leaf until it is clear who is who.
    private async Task<TlsIdentity> AllGatherAsync()
    {
        TlsIdentity old = await GatherAsync();
        Assert.True(await world.UntilAsync(() => AllOn("a")), "not everyone has a leaf");
        return old;
    }

    private async Task HeldInTheFirstWaveAsync()
    {
        // Shorter than what passes while it is held: only the hold keeps it where it is.
        Start(RotationKind.Planned, "b", Quick with { CanarySoak = TimeSpan.FromSeconds(20) });
        Assert.True(await world.UntilAsync(() => world.Proxies.Exists(proxy => IsOn(proxy, "b"))), "nobody has a leaf of the new root");
        Do(id => new HoldRotation { Id = id, Actor = "op" });
        await SettleAsync(RotationPhase.Issuing);
        Assert.Equal(1, world.State.Plan?.WavesBegun);
    }

    /// <summary>The last one leaves the old root, which goes while somebody still enforces it, and is refused by all in the end.</summary>
    private async Task OutAsync(TlsProxy owner, TlsIdentity old, string to, TlsProxy last)
    {
        TlsProxy behind = world.Proxies.First(proxy => proxy != last && proxy != owner);
        Begin(behind, Sidecar.BundleName);
        await EndAsync(last);
        await SettleAsync(RotationPhase.Removing);
        Assert.True(AllOn(to), $"the root is gone before its leaves: {string.Join(", ", world.Proxies)}");
        await EndAsync(behind);
        await FinishAsync(to);
        Assert.Single(world.State.Bundle);
        await AssertGoneAsync(owner, old, isGone: true);
    }

    private async Task FinishAsync(string signer)
    {
        Assert.True(await world.UntilAsync(() => world.State.Plan is null && AllOn(signer)), $"it did not end: {world.State.Plan} {string.Join(", ", world.Proxies)}");
        Assert.Equal(signer, world.State.Signer);
        await JoinAsync();
    }
}
