using SdsServer.Testing.Virtual;

namespace SdsServer.Simulation.Pairs;

/// <summary>The time by which proxies judge certificates.</summary>
internal sealed class VirtualClock(VirtualTime time) : TimeProvider
{
    public override DateTimeOffset GetUtcNow() => time.True;
}
