using SdsServer.EndToEnd.Mesh;
using SdsServer.EndToEnd.Report;
using SdsServer.Protos.Admin.V1;
using SdsServer.Testing.Envoy;

namespace SdsServer.EndToEnd.Scenarios;

/// <summary>To an intermediate below the same root, by waves: no bundle is published, and no Envoy is given one.</summary>
internal static class Intermediates
{
    private const string Bundle = "ROOTCA";

    public static async Task RunAsync(ServiceMesh mesh, Journal journal)
    {
        Authority root = await mesh.SignerAsync();
        long epoch = (await mesh.Operator.TrustDomainAsync()).Epoch;
        string[] before = await BundleCountsAsync(mesh);
        await journal.PhaseAsync("Steady", Phase.Steady);

        RotationRun run = await RotationRun.StartAsync(mesh, RotationOrders.Intermediate("below", RotationOrders.Proxies(1), RotationOrders.Percent(50)));
        Assert.Equal(root.RootId, run.To.RootId);
        foreach ((int wave, int proxies) in new[] { (1, 1), (2, 2) })
        {
            await run.WaveIsThroughAsync(wave, proxies);
            Assert.Equal(proxies, (await mesh.HoldersAsync(run.To, mesh.Proxies)).Count);
            await journal.PhaseAsync($"wave {wave} of 3", Phase.Issuing);
            Assert.Equal(proxies, (await mesh.HoldersAsync(run.To, mesh.Proxies)).Count);
            await run.StepAsync(GateCode.G2NextWave);
        }

        await mesh.AwaitAllSignedByAsync(run.To);
        await run.EndsAsync(RotationState.Completed);
        await mesh.AwaitTrustAsync(root);
        await journal.PhaseAsync("Steady, the intermediate signs", Phase.Steady);
        Assert.Equal(before, await BundleCountsAsync(mesh));
        TrustDomain domain = await mesh.Operator.TrustDomainAsync();
        Assert.Equal((epoch, run.To.Name), (domain.Epoch, domain.Signer));
    }

    // Over ADS Envoy counts each answer under every name it asked for.
    private static async Task<string[]> BundleCountsAsync(ServiceMesh mesh)
    {
        List<string> counts = [];
        foreach (Proxy proxy in mesh.Proxies.Where(_ => mesh.Options.Protocol is XdsProtocol.Sotw or XdsProtocol.Delta))
        {
            EnvoyStats stats = await proxy.Envoy.Admin.StatsAsync();
            counts.Add($"{proxy.NodeId}: {stats.UpdateSuccess(Bundle)} taken of {stats.Value($"sds.{Bundle}.update_attempt")}");
        }

        return [.. counts];
    }
}
