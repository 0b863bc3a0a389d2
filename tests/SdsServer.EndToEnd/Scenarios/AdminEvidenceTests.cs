using SdsServer.EndToEnd.Mesh;
using SdsServer.EndToEnd.Report;
using SdsServer.Protos.Admin.V1;
using SdsServer.Testing;
using SdsServer.Testing.Envoy;
using Xunit.Abstractions;

namespace SdsServer.EndToEnd.Scenarios;

/// <summary>Waves that go one by one on the word of Envoys' own admins.</summary>
[Trait("Rule", "E14.3")]
public sealed class AdminEvidenceTests(ITestOutputHelper output)
{
    private const string Unasked = "could not be asked";
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(90);

    // The first wave's admins are reached over links, so that they can be out of reach; the others' nodes state the admin's own port.
    [EnvoyFact]
    public async Task One_by_one_each_follows_when_the_admin_before_shows_the_leaf()
    {
        Scenario story = new("admin evidence", 40, _ => false, RunAsync);
        MeshRow row = new(story, EnvoyBinary.Found[^1], XdsProtocol.Delta, SdsTransport.Unix);
        await using ServiceMesh mesh = await ServiceMesh.StartAsync(new MeshOptions(row.Envoy, row.Protocol, row.Transport)
        {
            Linked = story.Linked,
            AdminLinked = node => node.StartsWith(Workloads.One, StringComparison.Ordinal),
        });
        Journal journal = new(mesh);
        try
        {
            await mesh.AwaitAllSignedByAsync(await mesh.SignerAsync());
            await journal.BeginAsync();
            await story.RunAsync(mesh, journal);
            await journal.EndAsync();
        }
        catch (Exception failure)
        {
            output.WriteLine(ReportTable.Add(row, journal, failure));
            output.WriteLine(mesh.Server.Log);
            throw;
        }

        output.WriteLine(ReportTable.Add(row, journal, failure: null));
    }

    private static async Task RunAsync(ServiceMesh mesh, Journal journal)
    {
        Proxy[] canaries = [mesh.Directions[0].Client, mesh.Directions[1].Server];
        await journal.PhaseAsync("Steady", Phase.Steady);
        foreach (Proxy canary in canaries)
        {
            canary.AdminLink!.Cut();
        }

        RotationRun run = await RotationRun.StartAsync(mesh, RotationOrders.OneByOne("one-by-one", RotationOrders.Of(Workloads.One)));
        Proxy first = await UnaskedAsync(mesh, run, canaries);
        await journal.PhaseAsync("Issuing, the first admin is out of reach", Phase.Issuing);
        Assert.Equal(first.NodeId, Assert.Single(await mesh.HoldersAsync(run.To, mesh.Proxies)));

        Proxy second = canaries.Single(canary => canary != first);
        first.AdminLink!.Mend();
        Assert.Same(second, await UnaskedAsync(mesh, run, second));
        await journal.PhaseAsync("Issuing, the second admin is out of reach", Phase.Issuing);
        Assert.Equal(canaries.Select(canary => canary.NodeId).ToHashSet(), (await mesh.HoldersAsync(run.To, mesh.Proxies)).ToHashSet());

        second.AdminLink!.Mend();
        await run.EndsAsync(RotationState.Completed);
        await mesh.AwaitAllSignedByAsync(run.To);
        await mesh.AwaitTrustAsync(run.To);
        await journal.PhaseAsync("Steady on new", Phase.Steady);
        foreach (Proxy proxy in mesh.Proxies)
        {
            await Condition.AwaitAsync(
                $"the admin of {proxy.NodeId} to say that somebody beside the tests has asked", Limit,
                _ => Task.FromResult(proxy.Envoy.Log.Contains("admin: [-] /certs 200", StringComparison.Ordinal)), () => proxy.Envoy.Log);
        }
    }

    /// <summary>The one of these whose admin alone is waited for.</summary>
    private static Task<Proxy> UnaskedAsync(ServiceMesh mesh, RotationRun run, params Proxy[] among) => Condition.AwaitAsync(
        "one admin to be asked in vain", Limit, async _ =>
        {
            Blocker[] unasked = [.. (await run.ReadAsync()).Gate?.Refusal?.Blockers.Where(blocker => blocker.Detail.Contains(Unasked, StringComparison.Ordinal)) ?? []];
            return unasked is [var only] ? among.SingleOrDefault(proxy => proxy.NodeId == only.NodeId) : null;
        }, () => mesh.Server.Log);
}
