namespace SdsServer.Core.Fleet.Completions;

/// <summary>The roster holds the instance durably.</summary>
public sealed record RosterWritten(string InstanceId) : EngineEvent;
