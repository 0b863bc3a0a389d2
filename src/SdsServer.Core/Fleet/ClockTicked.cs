namespace SdsServer.Core.Fleet;

/// <summary>Time has passed; nothing else.</summary>
public sealed record ClockTicked : EngineEvent;
