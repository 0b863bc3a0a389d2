using SdsServer.Testing.Envoy;

namespace SdsServer.EndToEnd.Mesh;

/// <summary>Envoy's <c>sds_config</c>, as one line of YAML.</summary>
internal static class SdsConfig
{
    /// <summary>The one the shipped bootstraps of this protocol use.</summary>
    public static string Of(XdsProtocol protocol, string token) => IsAds(protocol)
        ? "{resource_api_version: V3, initial_fetch_timeout: 0s, ads: {}}"
        : Direct(protocol, token, initialFetchTimeout: "0s");

    /// <summary>Another variant: Envoy keeps a subscription and a copy of the secret of its own for it.</summary>
    public static string Variant(XdsProtocol protocol, string token) => Direct(protocol, token, initialFetchTimeout: "1s");

    /// <summary>The top-level <c>ads_config</c>; empty where the protocol has none.</summary>
    public static string AdsConfig(XdsProtocol protocol, string token) => IsAds(protocol) ? $"  ads_config: {Source(protocol, token)}" : "";

    private static string Direct(XdsProtocol protocol, string token, string initialFetchTimeout) =>
        $"{{resource_api_version: V3, initial_fetch_timeout: {initialFetchTimeout}, api_config_source: {Source(protocol, token)}}}";

    private static string Source(XdsProtocol protocol, string token) =>
        $"{{api_type: {(protocol is XdsProtocol.Sotw or XdsProtocol.Ads ? "GRPC" : "DELTA_GRPC")}, transport_api_version: V3, set_node_on_first_message_only: true, "
        + $"grpc_services: [{{envoy_grpc: {{cluster_name: sds, authority: localhost}}, initial_metadata: [{{key: authorization, value: \"Bearer {token}\"}}]}}]}}";

    private static bool IsAds(XdsProtocol protocol) => protocol is XdsProtocol.Ads or XdsProtocol.AdsDelta;
}
