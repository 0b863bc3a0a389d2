using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using SdsServer.EndToEnd.Mesh;
using SdsServer.EndToEnd.Report;
using SdsServer.Protos.Admin.V1;
using SdsServer.Testing;
using SdsServer.Testing.Envoy;
using SdsServer.Testing.Processes;
using Xunit.Abstractions;

namespace SdsServer.EndToEnd.Scenarios;

/// <summary>Envoys that know the server by roots of the mesh, because it issues its serving certificate itself, through a whole rotation.</summary>
[Trait("Rule", "E14.3")]
public sealed class OwnServingTests(ITestOutputHelper output) : IDisposable
{
    private const string Next = "next";
    private const string Late = $"{Workloads.Two}-in";

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    // The anchors of one sidecar, which somebody forgets to replace.
    private readonly TemporaryDirectory _forgotten = new("anchors");
    private readonly TemporaryDirectory _folder = new("own");

    private string ForgottenFile => _forgotten.PathOf("anchors.pem");

    public void Dispose()
    {
        _forgotten.Dispose();
        _folder.Dispose();
    }

    [EnvoyFact]
    public async Task A_whole_rotation_moves_it_and_no_Envoy_loses_its_link()
    {
        Scenario story = new("own serving certificate", 45, _ => true, RunAsync);
        MeshRow row = new(story, EnvoyBinary.Found[^1], XdsProtocol.Delta, SdsTransport.Tls);
        await using ServiceMesh mesh = await ServiceMesh.StartAsync(new MeshOptions(row.Envoy, row.Protocol, row.Transport)
        {
            Linked = story.Linked,
            Prepare = operators => operators.CreateRootAsync(Next),
            OwnServing = AnchorsOf,
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

    private async Task RunAsync(ServiceMesh mesh, Journal journal)
    {
        await journal.PhaseAsync("Steady", Phase.Steady);
        Dictionary<Proxy, long> links = await LinksAsync(mesh);
        Authority next = (await mesh.Operator.AuthoritiesAsync()).Single(authority => authority.Name.EndsWith($"/{Next}", StringComparison.Ordinal));
        Proxy late = mesh.Proxies.Single(proxy => proxy.NodeId == Late);

        RotationRun run = await RotationRun.StartAsync(mesh, "own-serving", next);
        await run.StepAsync(GateCode.G1SetSigner);
        await mesh.AwaitAllSignedByAsync(next);
        await run.ShutAsync(GateCode.G3DropTrust, late, BlockerReason.MissingAnchor);
        Assert.All((await run.ReadAsync()).Gate.Refusal.Blockers, blocker => Assert.Equal(Late, blocker.NodeId));
        TrustDomain waiting = await mesh.Operator.TrustDomainAsync();
        Assert.NotEqual(next.Name, waiting.Serving.Authority);
        await journal.PhaseAsync("Drained, one Envoy without the new anchor", Phase.Drained);

        await ReplaceForgottenAsync(mesh, late);
        await mesh.Operator.ConfirmAnchorsAsync(waiting.Serving.Missing.Single().Instance, waiting.Epoch);
        await run.StepAsync(GateCode.G3DropTrust);
        await run.EndsAsync(RotationState.Completed);
        await Condition.AwaitAsync("the anchors file to lose the old root", Limit, async token => (await File.ReadAllTextAsync(mesh.Server.AnchorsFile, token)).Split("BEGIN CERTIFICATE").Length == 2);
        await ReplaceForgottenAsync(mesh, late);
        await mesh.AwaitTrustAsync(next);
        await journal.PhaseAsync("Steady on new", Phase.Steady);
        Assert.Equal(links, await LinksAsync(mesh));
        Assert.Equal(next.Name, (await mesh.Operator.TrustDomainAsync()).Serving.Authority);

        // The next connection of each is by the new root alone.
        foreach (Proxy proxy in mesh.Proxies)
        {
            proxy.Link!.Cut();
            proxy.Link.Mend();
        }

        foreach (Proxy proxy in mesh.Proxies)
        {
            await Condition.AwaitAsync($"{proxy.NodeId} to connect again", Limit, async token =>
            {
                EnvoyStats stats = await proxy.Envoy.Admin.StatsAsync(token);
                Assert.Equal(0, stats.Value("cluster.sds.ssl.fail_verify_error") + stats.Value("cluster.sds.ssl.fail_verify_san"));
                return stats.Value("cluster.sds.ssl.handshake") > 1 && stats.Value("cluster.sds.upstream_rq_active") >= 2;
            }, () => proxy.Envoy.Log + mesh.Server.Log);
        }

        await journal.PhaseAsync("Steady on new, connected anew", Phase.Steady);
    }

    private (string SecretFile, IReadOnlyList<string> Digests) AnchorsOf(string nodeId, ServerProcess server)
    {
        X509Certificate2Collection roots = [];
        roots.ImportFromPem(File.ReadAllText(server.AnchorsFile));
        Assert.Equal(2, roots.Count);
        if (nodeId != Late)
        {
            return (server.AnchorsSecretFile, [.. roots.Select(root => root.GetCertHashString(HashAlgorithmName.SHA256).ToLowerInvariant())]);
        }

        File.WriteAllText(ForgottenFile, roots[0].ExportCertificatePem());
        string secret = _folder.PathOf("sds-anchors.yaml");
        File.WriteAllText(secret, Bootstrap.Anchors(_forgotten.Path, ForgottenFile));
        return (secret, []);
    }

    /// <summary>Moves the server's anchors over those that were forgotten, as an operator does, and waits until the running Envoy has taken them up.</summary>
    private async Task ReplaceForgottenAsync(ServiceMesh mesh, Proxy late)
    {
        long before = await UpdatesAsync();
        File.Copy(mesh.Server.AnchorsFile, _folder.PathOf("replacement"), overwrite: true);
        File.Move(_folder.PathOf("replacement"), ForgottenFile, overwrite: true);
        await Condition.AwaitAsync("the Envoy to take the replaced anchors", Limit, async _ => await UpdatesAsync() > before, () => late.Envoy.Log);

        async Task<long> UpdatesAsync() => (await late.Envoy.Admin.StatsAsync()).Value("cluster.sds.client_ssl_socket_factory.ssl_context_update_by_sds");
    }

    private static async Task<Dictionary<Proxy, long>> LinksAsync(ServiceMesh mesh)
    {
        Dictionary<Proxy, long> links = [];
        foreach (Proxy proxy in mesh.Proxies)
        {
            EnvoyStats stats = await proxy.Envoy.Admin.StatsAsync();
            Assert.Equal(0, stats.Value("cluster.sds.upstream_cx_connect_fail"));
            links.Add(proxy, stats.Value("cluster.sds.upstream_cx_total"));
        }

        return links;
    }
}
