using SdsServer.Testing.Envoy;
using Xunit.Abstractions;

namespace SdsServer.EndToEnd.Mesh;

public sealed class SteadyTests(ITestOutputHelper output)
{
    public static TheoryData<string, string, string> All
    {
        get
        {
            TheoryData<string, string, string> rows = [];
            foreach (EnvoyBinary envoy in EnvoyBinary.Found)
            {
                foreach (XdsProtocol protocol in Enum.GetValues<XdsProtocol>())
                {
                    foreach (SdsTransport transport in Enum.GetValues<SdsTransport>())
                    {
                        rows.Add(envoy.Version, $"{protocol}", $"{transport}");
                    }
                }
            }

            return rows;
        }
    }

    [EnvoyTheory]
    [MemberData(nameof(All))]
    public async Task Steady(string envoy, string protocol, string transport)
    {
        await using ServiceMesh mesh = await ServiceMesh.StartAsync(new MeshOptions(
            EnvoyBinary.Found.Single(found => found.Version == envoy), Enum.Parse<XdsProtocol>(protocol), Enum.Parse<SdsTransport>(transport)));
        long[] counts = await Task.WhenAll(mesh.Directions.Select(direction => direction.EnoughAsync("Steady")));
        output.WriteLine(string.Join(" ", counts));
    }
}
