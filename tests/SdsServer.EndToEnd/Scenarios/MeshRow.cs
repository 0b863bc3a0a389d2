using SdsServer.EndToEnd.Mesh;
using SdsServer.Testing.Envoy;

namespace SdsServer.EndToEnd.Scenarios;

/// <summary>One run: a story on one Envoy, with one protocol over one transport.</summary>
internal sealed record MeshRow(Scenario Scenario, EnvoyBinary Envoy, XdsProtocol Protocol, SdsTransport Transport)
{
    /// <summary>Names it in test results and finds it again.</summary>
    public override string ToString() => $"{Scenario.Name}, Envoy {Envoy.Version}, {Protocol}, {Transport}";

    /// <summary>What two rows can have in common in two of their four properties.</summary>
    public IEnumerable<(string, string)> Pairs()
    {
        string[] values = [Scenario.Name, Envoy.Version, $"{Protocol}", $"{Transport}"];
        return from one in Enumerable.Range(0, values.Length)
               from other in Enumerable.Range(one + 1, values.Length - one - 1)
               select (values[one], values[other]);
    }
}
