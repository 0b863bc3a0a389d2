namespace SdsServer.Testing.Envoy;

/// <summary>The four ways in which Envoy asks for secrets.</summary>
public enum XdsProtocol
{
    /// <summary>StreamSecrets: state of the world, one stream per secret.</summary>
    Sotw,

    /// <summary>DeltaSecrets: one stream per secret.</summary>
    Delta,

    /// <summary>StreamAggregatedResources: one stream for all.</summary>
    Ads,

    /// <summary>DeltaAggregatedResources: one stream for all.</summary>
    AdsDelta,
}
