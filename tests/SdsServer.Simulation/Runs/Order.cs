namespace SdsServer.Simulation.Runs;

/// <summary>What an operator may do in one step.</summary>
internal enum Order
{
    Start,
    Turn,
    Hold,
    Tend,
    SetRole,
    Race,
    Override,
    RetireDead,
    RetireConnected,
    Repush,
}
