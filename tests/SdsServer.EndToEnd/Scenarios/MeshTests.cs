using SdsServer.EndToEnd.Mesh;
using SdsServer.EndToEnd.Report;
using Xunit.Abstractions;

namespace SdsServer.EndToEnd.Scenarios;

/// <summary>Runs rows of the plan. Each lane is a class of its own, because classes run beside each other.</summary>
[Trait("Rule", "E14.3")]
[Trait("Rule", "E14.6")]
[Trait("Rule", "E14.10")]
public abstract class MeshTests(ITestOutputHelper output)
{
    private protected async Task RunAsync(string name)
    {
        MeshRow row = MeshPlan.Rows.Single(row => $"{row}" == name);
        await using ServiceMesh mesh = await ServiceMesh.StartAsync(new MeshOptions(row.Envoy, row.Protocol, row.Transport) { Linked = row.Scenario.Linked });
        Journal journal = new(mesh);
        try
        {
            await mesh.AwaitAllSignedByAsync(await mesh.SignerAsync());
            await journal.BeginAsync();
            await row.Scenario.RunAsync(mesh, journal);
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
}
