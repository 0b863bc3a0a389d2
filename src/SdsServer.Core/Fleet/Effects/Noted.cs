namespace SdsServer.Core.Fleet.Effects;

/// <summary>Something worth a line in the log.</summary>
/// <param name="InstanceId">Whom it is about; empty: everyone.</param>
/// <param name="Text">A sentence for people.</param>
public sealed record Noted(string InstanceId, string Text) : EngineEffect;
