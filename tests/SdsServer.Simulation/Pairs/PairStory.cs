using SdsServer.Cli.Demo;
using SdsServer.Core.Authorities;
using SdsServer.Core.Fleet.Commands;
using SdsServer.Core.Pki;
using SdsServer.Core.Rotation;

namespace SdsServer.Simulation.Pairs;

/// <summary>
/// A rotation of a small fleet in which somebody is a step behind in every phase, each time in another manner, and a newcomer joins in
/// every phase.
/// </summary>
internal sealed partial class PairStory(PairWorld world, int firstManner)
{
    private static readonly Lag[] s_manners = [Lag.Away, Lag.Refuses, Lag.Stuck, Lag.Unheard];
    private int _step;
    private int _newcomers;
    private int _rotations;

    private TlsProxy Plain => world.Proxies[0];

    private TlsProxy Late => world.Proxies[2];

    private TlsProxy Twin => world.Proxies[4];

    /// <summary>The rotation goes to the end, or is turned back in this phase.</summary>
    public async Task TellAsync(RotationPhase? turn)
    {
        TlsIdentity old = await GatherAsync();
        Begin(Late, Sidecar.BundleName);
        Start(RotationKind.Planned, "b", Quick);
        await SettleAsync(RotationPhase.Distributing);
        if (turn != RotationPhase.Distributing)
        {
            Begin(Twin, Sidecar.LeafName);
            await EndAsync(Late);
            // Who is away is in no wave: everyone else has moved, and the removal waits.
            await SettleAsync(turn == RotationPhase.Issuing ? [RotationPhase.Issuing] : [RotationPhase.Issuing, RotationPhase.Drained]);
        }

        if (turn is not (RotationPhase.Distributing or RotationPhase.Issuing))
        {
            await EndAsync(Twin);
            Assert.True(await world.UntilAsync(() => world.Engine.Phase == RotationPhase.Drained && AllOn("b")), "not everyone has a leaf of the new root");
        }

        if (turn is null or RotationPhase.Removing)
        {
            Begin(Late, Sidecar.BundleName);
            await SettleAsync(RotationPhase.Removing);
        }

        TlsIdentity abandoned = turn is null ? old : Plain.Identity!;
        if (turn is not null)
        {
            Begin(Plain, Sidecar.LeafName);
            world.Order(id => new TurnRotation { Id = id, Actor = "op", Goal = RotationGoal.Back });
            await world.PassAsync(60);
            await JoinAsync();
            await EndAsync(Late);
            await EndAsync(Twin);
            await EndAsync(Plain);
        }
        else
        {
            await EndAsync(Late);
        }

        string signer = turn is null ? "b" : "a";
        Assert.True(await world.UntilAsync(() => world.State.Plan is null && AllOn(signer)), $"it did not end: {world.State.Plan} {string.Join(", ", world.Proxies)}");
        await JoinAsync();
        Assert.Equal((signer, 1), (world.State.Signer, world.State.Bundle.Length));
        await AssertGoneAsync(Plain, abandoned, turn is null || abandoned.Leaf.IssuerKeyId != old.Leaf.IssuerKeyId);
    }

    private async Task<TlsIdentity> GatherAsync()
    {
        world.Join("plain-1");
        world.Join("plain-2");
        world.Join("late");
        world.Join("twin-1", "twin");
        world.Join("twin-2", "twin");
        await world.PassAsync(5);
        return Plain.Identity!;
    }

    // A handshake that must fail, by the same means: else all the others prove nothing.
    private async Task AssertGoneAsync(TlsProxy owner, TlsIdentity abandoned, bool isGone)
    {
        TlsIdentity holder = new(abandoned.Leaf, owner.Identity!.Bundle, new VirtualClock(world.Time));
        foreach (TlsProxy peer in world.Proxies.Where(proxy => proxy != owner))
        {
            Assert.True(isGone != await PairMatrix.WorksAsync(holder, owner.SpiffeId, peer), $"{peer} and a leaf of the root that was left");
        }
    }

    private static RotationPolicy Quick { get; } = new()
    {
        Waves = [Wave.Of(1)],
        MaxInFlight = 3,
        MaxSilentPercent = 100,
        TrustSoak = TimeSpan.Zero,
        CanarySoak = TimeSpan.Zero,
        WaveSoak = TimeSpan.Zero,
        // Time to fall behind between the last leaf and the removal.
        DropSoak = TimeSpan.FromSeconds(30),
    };

    private void Start(RotationKind kind, string to, RotationPolicy policy, string? compromised = null)
    {
        string name = $"r{++_rotations}";
        Do(id => new StartRotation { Id = id, Actor = "op", RequestId = name, RotationId = name, To = to, Kind = kind, Compromised = compromised, Policy = policy });
    }

    private void Do(Func<long, EngineCommand> order)
    {
        CommandOutcome outcome = world.Order(order);
        Assert.True(outcome.Status == CommandStatus.Done, outcome.Message);
    }

    private void Begin(TlsProxy proxy, string secret) => proxy.Begin(s_manners[(firstManner + _step++) % s_manners.Length], secret);

    private async Task EndAsync(TlsProxy proxy)
    {
        proxy.End();
        await world.PassAsync(5);
    }

    /// <summary>The phase is there, and stays while somebody is behind; a newcomer joins it.</summary>
    private async Task SettleAsync(params RotationPhase[] phases)
    {
        Assert.True(await world.UntilAsync(() => phases.Contains(world.Engine.Phase)), $"{world.Engine.Phase} instead of {phases[0]}");
        await world.PassAsync(45);
        await JoinAsync();
        Assert.Contains(world.Engine.Phase, phases);
    }

    private async Task JoinAsync()
    {
        TlsProxy newcomer = world.Join($"newcomer-{++_newcomers}");
        await world.PassAsync(5);
        Assert.True(newcomer.Identity is not null, $"{newcomer.Label} has no identity in {world.Engine.Phase}");
    }

    private bool IsOn(TlsProxy proxy, string authority) =>
        proxy.Identity?.Leaf.IssuerKeyId == Convert.ToHexStringLower(Certificate.Parse(world.State.Authority(authority).Chain[0].AsSpan()).SubjectKeyIdentifier!.Value.Span);

    private bool AllOn(string authority)
    {
        string root = world.State.RootOf(authority).Id;
        return world.Proxies.All(proxy => IsOn(proxy, authority) && proxy.Identity!.Bundle.Roots.Any(held => RootId.Of(Certificate.Parse(held.RawData)) == root));
    }
}
