using Xunit.Abstractions;

namespace SdsServer.EndToEnd.Scenarios;

public sealed class Lane4Tests(ITestOutputHelper output) : MeshTests(output)
{
    public static TheoryData<string> Rows => MeshPlan.Lane(3);

    [EnvoyTheory]
    [MemberData(nameof(Rows))]
    public Task Nothing_fails(string row) => RunAsync(row);
}
