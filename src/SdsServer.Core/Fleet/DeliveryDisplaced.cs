namespace SdsServer.Core.Fleet;

/// <summary>
/// Another response went out on the same stream before this delivery was answered, so its answer will be stale: nobody will ever hear
/// what became of it.
/// </summary>
public sealed record DeliveryDisplaced(long Subscription, long Delivery) : FleetEvent;
