using SdsServer.Cli.Demo.Envoys;
using SdsServer.Testing;

namespace SdsServer.Cli.Tests.Demo;

public sealed class EnvoyBootstrapTests
{
    private static readonly Dictionary<string, string> s_values = new()
    {
        ["node-id"] = "n", ["node-cluster"] = "c", ["admin-port"] = "1", ["sds-socket"] = "/tmp/sds.sock", ["token"] = "Bearer t0ken", ["peer-spiffe-id"] = "spiffe://example.org/p",
    };

    [Fact]
    public void Fills_every_mark_of_the_shipped_files_and_nothing_else()
    {
        string server = Shipped("server-delta.yaml");
        string filled = EnvoyBootstrap.Fill(server, new Dictionary<string, string>(s_values) { ["app-port"] = "2", ["listen-address"] = "127.0.0.1", ["listen-port"] = "3" });

        Assert.Contains("port_value: 3 ", filled, StringComparison.Ordinal);
        Assert.Contains("value: Bearer t0ken ", filled, StringComparison.Ordinal);
        Assert.Equal(9, server.Split('\n').Zip(filled.Split('\n')).Count(pair => pair.First != pair.Second));
        EnvoyBootstrap.Fill(Shipped("client-sotw.yaml"), new Dictionary<string, string>(s_values) { ["peer-host"] = "h", ["peer-port"] = "2", ["listen-port"] = "3" });
    }

    [Fact]
    public void Refuses_a_mark_without_a_value_and_a_value_without_a_mark()
    {
        Assert.Throws<CliException>(() => EnvoyBootstrap.Fill(Shipped("server-delta.yaml"), s_values));
        Assert.Throws<CliException>(() => EnvoyBootstrap.Fill("a: b   # CHANGE node-id", s_values));
    }

    private static string Shipped(string name) => File.ReadAllText(Path.Combine(RepositoryRoot.Path, "deploy", "envoy", name));
}
