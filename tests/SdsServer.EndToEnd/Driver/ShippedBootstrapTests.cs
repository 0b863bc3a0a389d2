using System.Text.RegularExpressions;
using SdsServer.Testing;
using SdsServer.Testing.Envoy;
using SdsServer.Testing.Pki;
using SdsServer.Testing.Processes;

namespace SdsServer.EndToEnd.Driver;

/// <summary>The files of <c>deploy/envoy</c>: real Envoys take them as printed, and every variant their README names.</summary>
public sealed partial class ShippedBootstrapTests : IDisposable
{
    private static readonly string[] SharedMarks = ["admin-port", "listen-port", "node-cluster", "node-id", "peer-spiffe-id", "sds-socket", "token"];
    private readonly TemporaryDirectory _folder = new("boot");

    public static TheoryData<SidecarRole, XdsProtocol> Files
    {
        get
        {
            TheoryData<SidecarRole, XdsProtocol> files = [];
            foreach (XdsProtocol protocol in Enum.GetValues<XdsProtocol>())
            {
                files.Add(SidecarRole.Client, protocol);
                files.Add(SidecarRole.Server, protocol);
            }

            return files;
        }
    }

    public void Dispose() => _folder.Dispose();

    [EnvoyTheory]
    [MemberData(nameof(Files))]
    public Task Every_Envoy_takes_the_file_as_printed(SidecarRole role, XdsProtocol protocol) =>
        AssertValidAsync(Bootstrap.Shipped(role, protocol));

    [EnvoyTheory]
    [MemberData(nameof(Files))]
    public Task Every_Envoy_takes_it_over_TLS_without_a_token(SidecarRole role, XdsProtocol protocol)
    {
        using ScratchAuthority authority = new("sds");
        File.WriteAllText(_folder.PathOf("ca.pem"), authority.RootPem);
        return AssertValidAsync(Bootstrap.Shipped(role, protocol).OverTls().WithoutToken().With("sds-ca-file", _folder.PathOf("ca.pem")));
    }

    [EnvoyTheory]
    [MemberData(nameof(Files))]
    public Task Every_Envoy_takes_it_with_the_token_in_a_file(SidecarRole role, XdsProtocol protocol) =>
        AssertValidAsync(Bootstrap.Shipped(role, protocol).WithTokenFromFile().With("token-file", Path.Combine(RepositoryRoot.Path, "deploy", "envoy", "sds-token.yaml")));

    // `--mode validate` does not look into the CDS file.
    [EnvoyTheory]
    [InlineData(XdsProtocol.Ads)]
    [InlineData(XdsProtocol.AdsDelta)]
    public async Task Every_Envoy_takes_the_cluster_file_of_the_ADS_clients(XdsProtocol protocol)
    {
        using ReservedPort port = ReservedPort.Take();
        Bootstrap bootstrap = Bootstrap.Shipped(SidecarRole.Client, protocol).With("listen-port", $"{port.Number}");
        foreach (EnvoyBinary envoy in EnvoyBinary.Found)
        {
            await using EnvoySidecar sidecar = await EnvoySidecar.StartAsync(envoy, bootstrap);
            await Condition.AwaitAsync("the cluster file", TimeSpan.FromSeconds(10), async token =>
                (await sidecar.Admin.StatsAsync(token)).Value("cluster_manager.cds.update_success") == 1, () => sidecar.Log);
        }
    }

    [EnvoyFact]
    public async Task A_broken_file_is_refused()
    {
        string path = Bootstrap.Shipped(SidecarRole.Server, XdsProtocol.Sotw).With("listen-port", "eighty").WriteTo(_folder.Path);
        Assert.Contains("eighty", await EnvoyBinary.Found[0].ValidateAsync(path), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void The_marks_are_those_the_README_explains(SidecarRole role, XdsProtocol protocol)
    {
        string[] own = role is SidecarRole.Client ? ["peer-host", "peer-port"] : ["app-port", "listen-address"];
        Assert.Equal(SharedMarks.Concat(own).ToHashSet(), Bootstrap.Shipped(role, protocol).Marks.ToHashSet());

        string explained = File.ReadAllText(Path.Combine(RepositoryRoot.Path, "deploy", "envoy", "README.md"));
        Assert.All(Bootstrap.Shipped(role, protocol).Marks, mark => Assert.Contains($"`{mark}`", explained, StringComparison.Ordinal));
    }

    [Fact]
    public void Nothing_but_marked_values_and_parts_can_be_changed()
    {
        Bootstrap bootstrap = Bootstrap.Shipped(SidecarRole.Server, XdsProtocol.Sotw);
        Assert.Throws<ArgumentException>(() => bootstrap.With("require-client-certificate", "false"));
        Assert.Throws<ArgumentException>(() => bootstrap.OverTls().With("sds-socket", "/run/other.sock"));
        Assert.Throws<ArgumentException>(() => bootstrap.WithoutToken().WithoutToken());

        string printed = File.ReadAllText(bootstrap.WriteTo(_folder.Path));
        string changed = File.ReadAllText(bootstrap.With("app-port", "81").WriteTo(_folder.Path));
        Assert.Equal(printed.Replace("port_value: 8080 ", "port_value: 81 ", StringComparison.Ordinal), changed);
    }

    [Theory]
    [InlineData("client-sotw.yaml", "client-delta.yaml")]
    [InlineData("server-sotw.yaml", "server-delta.yaml")]
    [InlineData("client-ads.yaml", "client-ads-delta.yaml")]
    [InlineData("server-ads.yaml", "server-ads-delta.yaml")]
    public void Delta_differs_from_state_of_the_world_in_one_setting(string sotw, string delta)
    {
        (string First, string Second)[] differences =
            [.. Settings(sotw).Zip(Settings(delta)).Where(pair => pair.First != pair.Second).Select(pair => (pair.First.Trim(), pair.Second.Trim()))];
        Assert.Equal([("api_type: GRPC", "api_type: DELTA_GRPC")], differences);
        Assert.Equal(Settings(sotw).Length, Settings(delta).Length);
    }

    [Theory]
    [InlineData("client-sotw.yaml", "client-ads.cds.yaml")]
    [InlineData("server-sotw.yaml", "server-ads.yaml")]
    public void What_protects_a_rotation_stands_in_every_variant(string plain, string ads)
    {
        string[] guards =
        [
            .. Settings(plain).Select(line => line.Trim()).Where(line => Guard().IsMatch(line)),
        ];
        Assert.NotEmpty(guards);
        Assert.All(guards, guard => Assert.Contains(guard, Settings(ads).Select(line => line.Trim())));
    }

    private static string[] Settings(string file) =>
    [
        .. File.ReadLines(Path.Combine(RepositoryRoot.Path, "deploy", "envoy", file)).Select(line => Comment().Replace(line, "")).Where(line => line.Length > 0),
    ];

    private async Task AssertValidAsync(Bootstrap bootstrap)
    {
        string path = bootstrap.WriteTo(_folder.Path);
        foreach (EnvoyBinary envoy in EnvoyBinary.Found)
        {
            string? refusal = await envoy.ValidateAsync(path);
            Assert.True(refusal is null, $"{envoy} refuses it: {refusal}");
        }
    }

    [GeneratedRegex("^(disable_|max_session_keys|require_client|initial_fetch|dns_lookup|tls_m|san_type|exact: spiffe|name: (default|ROOTCA))")]
    private static partial Regex Guard();

    [GeneratedRegex("( +|^)#.*$")]
    private static partial Regex Comment();
}
