namespace SdsServer.Simulation.Runs;

/// <summary>What may happen to the fleet in one step.</summary>
internal enum Trouble
{
    DropConnection,
    DropStream,
    CutOff,
    Die,
    HotRestart,
    AddContext,
    RemoveContext,
    Hush,
    Displease,
    Spawn,
    KillServer,
    JumpClock,
    Operate,
    TurnAndStart,
    SlowThenAway,
    GoneThenSlow,
    DeadLink,
    LostOnReturn,
    HalfBack,
    Drain,
    SlowAndNew,
    LostEntry,
}
