using SdsServer.EndToEnd.Mesh;
using SdsServer.EndToEnd.Report;
using SdsServer.Protos.Admin.V1;
using SdsServer.Testing.Envoy;
using Xunit.Abstractions;

namespace SdsServer.EndToEnd.Scenarios;

/// <summary>A workload known by the user its sidecars run as, without any token, through a rotation that takes its own steps.</summary>
[Trait("Rule", "E14.3")]
public sealed class OtherUserTests(ITestOutputHelper output)
{
    private const int Nobody = 65534;

    [EnvoyAsRootFact]
    public async Task A_workload_known_by_its_user_is_rotated_by_itself()
    {
        Scenario story = new("by user, automatic", 30, _ => false, RunAsync);
        MeshRow row = new(story, EnvoyBinary.Found[^1], XdsProtocol.Delta, SdsTransport.Unix);
        await using ServiceMesh mesh = await ServiceMesh.StartAsync(new MeshOptions(row.Envoy, row.Protocol, row.Transport) { Linked = story.Linked, Uid = Nobody });
        Journal journal = new(mesh);
        await mesh.AwaitAllSignedByAsync(await mesh.SignerAsync());
        await journal.BeginAsync();
        await story.RunAsync(mesh, journal);
        await journal.EndAsync();
        output.WriteLine(ReportTable.Add(row, journal, failure: null));
    }

    private static async Task RunAsync(ServiceMesh mesh, Journal journal)
    {
        await journal.PhaseAsync("Steady", Phase.Steady);
        RotationRun run = await RotationRun.StartAsync(mesh, "by-itself", gates: GateKind.Ack);
        await run.EndsAsync(RotationState.Completed);
        await mesh.AwaitTrustAsync(run.To);
        await mesh.AwaitAllSignedByAsync(run.To);
        await journal.PhaseAsync("Steady on new", Phase.Steady);
    }
}
