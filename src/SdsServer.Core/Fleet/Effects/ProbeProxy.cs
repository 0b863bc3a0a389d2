namespace SdsServer.Core.Fleet.Effects;

/// <summary>Look in Envoy's <c>/certs</c> for a leaf, then report <see cref="Completions.ProxyProbed"/>.</summary>
/// <param name="InstanceId">The process.</param>
/// <param name="Admin">Where its admin answers.</param>
/// <param name="Serial">Lower-case hex of the leaf's serial number.</param>
public sealed record ProbeProxy(string InstanceId, Uri Admin, string Serial) : EngineEffect;
