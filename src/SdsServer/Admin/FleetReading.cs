using SdsServer.Core.Fleet;
using SdsServer.Core.Rotation;

namespace SdsServer.Admin;

/// <summary>The fleet at one moment.</summary>
internal sealed record FleetReading(TrustState State, long Floor, IReadOnlyList<InstanceView> Instances)
{
    public static FleetReading Of(TrustDomainEngine engine) => new(engine.State, engine.Floor, engine.Instances());
}
