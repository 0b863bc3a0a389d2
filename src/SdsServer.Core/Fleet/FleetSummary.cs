namespace SdsServer.Core.Fleet;

/// <summary>Counts over the fleet.</summary>
/// <param name="Members">Instances that gates count.</param>
/// <param name="Pending">Connected instances that do not belong yet.</param>
/// <param name="Proven">Members that enforce the current epoch.</param>
/// <param name="Refusing">Members with an unhealed NACK.</param>
/// <param name="Absent">Members that are not connected.</param>
/// <param name="Leaves">Outstanding leaves.</param>
/// <param name="NeedOutgoing">Outstanding leaves that need the plan's outgoing root.</param>
public sealed record FleetSummary(int Members, int Pending, int Proven, int Refusing, int Absent, int Leaves, int NeedOutgoing);
