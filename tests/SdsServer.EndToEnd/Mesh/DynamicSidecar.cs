using SdsServer.Testing;
using SdsServer.Testing.Envoy;
using SdsServer.Testing.Processes;

namespace SdsServer.EndToEnd.Mesh;

/// <summary>A sidecar outside the traffic whose listeners or clusters, and with them its uses of secrets, change while it runs.</summary>
internal sealed class DynamicSidecar : IAsyncDisposable
{
    private readonly TemporaryDirectory _folder = new("dynamic");
    private readonly ReservedPort[] _ports = [ReservedPort.Take(), ReservedPort.Take()];
    private readonly string _sds;
    private readonly string _variant;
    private int _version;

    private DynamicSidecar(string sds, string variant) => (_sds, _variant) = (sds, variant);

    public Proxy Proxy { get; private set; } = null!;

    private string ListenersFile => _folder.PathOf("listeners.yaml");

    private string ClustersFile => _folder.PathOf("clusters.yaml");

    /// <summary>Two mTLS listeners with the same leaf; the second demands a stapled OCSP answer, which no leaf of ours has, so Envoy refuses each.</summary>
    public static async Task<DynamicSidecar> RefusingAsync(ServiceMesh mesh, string workload, string nodeId)
    {
        DynamicSidecar sidecar = await CreateAsync(mesh, workload);
        sidecar.Replace(sidecar.ClustersFile);
        sidecar.Refuse();
        await sidecar.StartAsync(mesh, workload, nodeId);
        return sidecar;
    }

    /// <summary>One mTLS listener.</summary>
    public static async Task<DynamicSidecar> ListeningAsync(ServiceMesh mesh, string workload, string nodeId)
    {
        DynamicSidecar sidecar = await CreateAsync(mesh, workload);
        sidecar.Replace(sidecar.ClustersFile);
        sidecar.Heal();
        await sidecar.StartAsync(mesh, workload, nodeId);
        return sidecar;
    }

    /// <summary>Two mTLS clusters that take the trust bundle by two variants of <c>sds_config</c>: two subscriptions, two copies.</summary>
    public static async Task<DynamicSidecar> WithTwoProvidersAsync(ServiceMesh mesh, string workload, string nodeId)
    {
        DynamicSidecar sidecar = await CreateAsync(mesh, workload);
        sidecar.Replace(sidecar.ListenersFile);
        sidecar.RegainProvider();
        await sidecar.StartAsync(mesh, workload, nodeId);
        return sidecar;
    }

    /// <summary>One mTLS cluster, by a connection to the server that soon takes no more streams, and keeps those it has.</summary>
    public static async Task<DynamicSidecar> DrainingAsync(ServiceMesh mesh, string workload, string nodeId)
    {
        DynamicSidecar sidecar = await CreateAsync(mesh, workload);
        sidecar.Replace(sidecar.ListenersFile);
        sidecar.LoseProvider();
        await sidecar.StartAsync(mesh, workload, nodeId, "        common_http_protocol_options: {max_connection_duration: 1s}\n");
        return sidecar;
    }

    /// <summary>Adds a listener that refuses every leaf it is given. Envoy takes it only while it has no leaf yet, as at its start.</summary>
    public void Refuse() => Replace(ListenersFile, Listener(0, ""), Listener(1, "ocsp_staple_policy: MUST_STAPLE, "));

    /// <summary>Takes the listener away that refuses every leaf.</summary>
    public void Heal() => Replace(ListenersFile, Listener(0, ""));

    /// <summary>Ends the second subscription to the trust bundle.</summary>
    public void LoseProvider() => Replace(ClustersFile, Cluster("peer", Leaf, _sds));

    /// <summary>Both subscriptions to the trust bundle.</summary>
    public void RegainProvider() => Replace(ClustersFile, Cluster("peer", Leaf, _sds), Cluster("second", "", _variant));

    public async ValueTask DisposeAsync()
    {
        await (Proxy?.DisposeAsync() ?? ValueTask.CompletedTask);
        foreach (ReservedPort port in _ports)
        {
            port.Dispose();
        }

        _folder.Dispose();
    }

    private string Leaf => $"tls_certificate_sds_secret_configs: [{{name: default, sds_config: {_sds}}}], ";

    private static async Task<DynamicSidecar> CreateAsync(ServiceMesh mesh, string workload)
    {
        string token = await mesh.TokenAsync(workload);
        return new DynamicSidecar(SdsConfig.Of(mesh.Options.Protocol, token), SdsConfig.Variant(mesh.Options.Protocol, token));
    }

    private async Task StartAsync(ServiceMesh mesh, string workload, string nodeId, string connection = "")
    {
        string shipped = await File.ReadAllTextAsync(Path.Combine(RepositoryRoot.Path, "deploy", "envoy", "server-delta.yaml"));
        int begin = shipped.IndexOf("  # --- begin sds cluster", StringComparison.Ordinal);
        const string End = "# --- end sds cluster ---\n";
        const string Explicit = "        explicit_http_config:\n";
        string sdsCluster = shipped[begin..(shipped.IndexOf(End, StringComparison.Ordinal) + End.Length)].Replace(Explicit, connection + Explicit, StringComparison.Ordinal);
        string path = _folder.PathOf("sidecar.yaml");
        await File.WriteAllTextAsync(path, $$"""
            node:
              id: n      # CHANGE node-id
              cluster: {{workload}}
            admin:
              address:
                socket_address:
                  address: 127.0.0.1
                  port_value: 9901      # CHANGE admin-port
            dynamic_resources:
            {{SdsConfig.AdsConfig(mesh.Options.Protocol, await mesh.TokenAsync(workload))}}
              lds_config: {resource_api_version: V3, path_config_source: {path: "{{ListenersFile}}"} }
              cds_config: {resource_api_version: V3, path_config_source: {path: "{{ClustersFile}}"} }
            static_resources:
              clusters:
            {{sdsCluster}}
            # --- begin token ---
            # --- end token ---

            """);
        Proxy = await Proxy.StartAsync(mesh.Options, mesh.Server, nodeId, token: null, Bootstrap.FromFile(SidecarRole.Server, path));
    }

    private static string Validation(string sds) =>
        $"combined_validation_context: {{default_validation_context: {{match_typed_subject_alt_names: [{{san_type: URI, matcher: {{prefix: \"spiffe://{Workloads.TrustDomain}/\"}}}}]}}, "
        + $"validation_context_sds_secret_config: {{name: ROOTCA, sds_config: {sds}}}}}";

    private string Listener(int index, string more) => $$"""
        - "@type": type.googleapis.com/envoy.config.listener.v3.Listener
          name: inbound-{{index}}
          address: {socket_address: {address: 127.0.0.1, port_value: {{_ports[index].Number}} } }
          filter_chains:
          - filters:
            - name: envoy.filters.network.tcp_proxy
              typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy, stat_prefix: inbound, cluster: sds}
            transport_socket:
              name: envoy.transport_sockets.tls
              typed_config: {"@type": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext, {{more}}require_client_certificate: true, common_tls_context: { {{Leaf}}{{Validation(_sds)}} } }
        """;

    private string Cluster(string name, string leaf, string bundle) => $$"""
        - "@type": type.googleapis.com/envoy.config.cluster.v3.Cluster
          name: {{name}}
          type: STATIC
          load_assignment: {cluster_name: {{name}}, endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: {{_ports[0].Number}} } } } } ] } ] }
          transport_socket:
            name: envoy.transport_sockets.tls
            typed_config: {"@type": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext, common_tls_context: { {{leaf}}{{Validation(bundle)}} } }
        """;

    // Envoy notices a file that is moved over, not one that is written to.
    private void Replace(string path, params string[] resources)
    {
        string list = resources.Length == 0 ? "resources: []" : $"resources:{Environment.NewLine}{string.Join(Environment.NewLine, resources)}";
        File.WriteAllText($"{path}.new", $"version_info: \"{++_version}\"{Environment.NewLine}{list}{Environment.NewLine}");
        File.Move($"{path}.new", path, overwrite: true);
    }
}
