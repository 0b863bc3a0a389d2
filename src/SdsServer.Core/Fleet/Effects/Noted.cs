namespace SdsServer.Core.Fleet.Effects;

/// <summary>Something worth a line in the log.</summary>
public sealed record Noted(string InstanceId, string Text) : EngineEffect;
