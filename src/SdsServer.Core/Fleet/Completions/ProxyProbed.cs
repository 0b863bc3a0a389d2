namespace SdsServer.Core.Fleet.Completions;

/// <summary>What an Envoy's admin showed.</summary>
/// <param name="InstanceId">The process.</param>
/// <param name="Serial">The leaf looked for.</param>
/// <param name="Found">Envoy uses it.</param>
/// <param name="Detail">Why not, for people to read.</param>
public sealed record ProxyProbed(string InstanceId, string Serial, bool Found, string Detail) : EngineEvent;
