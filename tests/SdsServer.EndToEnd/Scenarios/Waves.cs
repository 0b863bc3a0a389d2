using SdsServer.EndToEnd.Mesh;
using SdsServer.EndToEnd.Report;
using SdsServer.Protos.Admin.V1;
using SdsServer.Testing;

namespace SdsServer.EndToEnd.Scenarios;

/// <summary>One proxy, half the fleet, the rest; held half way; one sidecar is away for all of it, is passed over by name, and comes back.</summary>
internal static class Waves
{
    /// <summary>The sidecar whose link is cut.</summary>
    public const string Cut = "svc-c-out";

    // Five of six: the sixth is away.
    private const int Connected = 5;
    private const int Half = 3;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    public static async Task RunAsync(ServiceMesh mesh, Journal journal)
    {
        Authority old = await mesh.SignerAsync();
        await using Direction third = await mesh.StartDirectionAsync("svc-c", "svc-d");
        Proxy[] all = [.. mesh.Proxies, third.Client, third.Server];
        await AwaitHoldersAsync(mesh, old, all, all.Length);
        await CountAsync(journal, "Steady", Phase.Steady, third);

        RotationRun run = await RotationRun.StartAsync(
            mesh, RotationOrders.Planned("by-waves", GateKind.Approval, RotationOrders.Proxies(1), RotationOrders.Percent(50)));
        await run.GateOpensAsync(GateCode.G1SetSigner);
        await mesh.AwaitTrustAsync(old, run.To);
        third.Client.Link!.Cut();
        await Condition.AwaitAsync($"{Cut} to be away", Limit, async _ => (await mesh.Operator.InstancesAsync(Cut)).All(instance => !instance.Connected));

        await run.StepAsync(GateCode.G1SetSigner);
        await run.WaveIsThroughAsync(1, 1);
        IReadOnlySet<string> canary = await AwaitHoldersAsync(mesh, run.To, all, 1);
        await CountAsync(journal, "Issuing, wave 1 of 3", Phase.Issuing, third);
        Assert.Equal(canary, await mesh.HoldersAsync(run.To, all));

        await run.StepAsync(GateCode.G2NextWave);
        await run.WaveIsThroughAsync(2, Half);
        IReadOnlySet<string> half = await AwaitHoldersAsync(mesh, run.To, all, Half);
        Assert.Superset(canary.ToHashSet(), half.ToHashSet());
        await CountAsync(journal, "Issuing, wave 2 of 3", Phase.Issuing, third);
        Assert.Equal(half, await mesh.HoldersAsync(run.To, all));

        await HeldAsync(mesh, journal, run, third, half, all);
        await run.StepAsync(GateCode.G2NextWave);
        await AwaitHoldersAsync(mesh, run.To, all, Connected);
        await mesh.AwaitAllSignedByAsync(run.To);
        await run.ShutAsync(GateCode.G3DropTrust, third.Client, BlockerReason.NeedsOldRoot);
        await CountAsync(journal, "one left with the old leaf", phase: null, third);
        await run.StillShutAsync(GateCode.G3DropTrust, third.Client, BlockerReason.NeedsOldRoot);

        // From here on the peers refuse its leaf, as the operator was told.
        await third.Traffic.PauseAsync();
        IReadOnlyList<string> passedOver = await run.PassOverAsync(GateCode.G3DropTrust, third.Client);
        Assert.All(passedOver, name => Assert.Contains("/leaves/", name, StringComparison.Ordinal));
        await run.EndsAsync(RotationState.Completed);
        Assert.Contains((await run.ReadAsync()).Decisions, decision =>
            decision.Actor != "engine" && passedOver.All(name => $"{decision.What} {decision.Why}".Contains(name.Split('/')[^1], StringComparison.OrdinalIgnoreCase)));
        await mesh.AwaitTrustAsync(run.To);
        await journal.PhaseAsync("Steady on new, one passed over", Phase.Steady);

        third.Client.Link.Mend();
        await mesh.AwaitSignedByAsync(run.To, third.Client);
        third.Traffic.Resume();
        await third.MarkAsync();
        await CountAsync(journal, "Steady on new, it is back", Phase.Steady, third);
    }

    // A sidecar that restarts gets its leaf all the same, from whoever signs for its wave; nothing else moves.
    private static async Task HeldAsync(ServiceMesh mesh, Journal journal, RotationRun run, Direction third, IReadOnlySet<string> half, Proxy[] all)
    {
        await run.GateOpensAsync(GateCode.G2NextWave);
        await run.HoldAsync();
        await run.HeldByAsync(HoldCause.Operator);
        Direction restarted = mesh.Directions[0];
        await SidecarRestarts.RestartAsync(mesh, restarted, restarted.Client, kill: true);
        await AwaitHoldersAsync(mesh, run.To, all, Half);
        await CountAsync(journal, "Issuing, held, a client restarted", Phase.Issuing, third);
        Assert.Equal(half, await mesh.HoldersAsync(run.To, all));
        await run.RefusedAsync(GateCode.G2NextWave, RefusalCode.Held);
        await run.UnholdAsync();
    }

    private static async Task CountAsync(Journal journal, string words, Phase? phase, Direction third)
    {
        await journal.PhaseAsync(words, phase);
        await third.EnoughAsync(words);
    }

    private static Task<IReadOnlySet<string>> AwaitHoldersAsync(ServiceMesh mesh, Authority authority, Proxy[] all, int count) => Condition.AwaitAsync(
        $"{count} sidecars to have a leaf of {authority.Name}", Limit, async _ => await mesh.HoldersAsync(authority, all) is { } holders && holders.Count == count ? holders : null,
        () => mesh.Server.Log);
}
