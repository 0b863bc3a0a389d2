using Xunit.Abstractions;

namespace SdsServer.EndToEnd.Scenarios;

public sealed class Lane2Tests(ITestOutputHelper output) : MeshTests(output)
{
    public static TheoryData<string> Rows => MeshPlan.Lane(1);

    [EnvoyTheory]
    [MemberData(nameof(Rows))]
    public Task Nothing_fails(string row) => RunAsync(row);
}
