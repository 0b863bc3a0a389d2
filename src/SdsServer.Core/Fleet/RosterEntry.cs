namespace SdsServer.Core.Fleet;

/// <summary>A durable consumer of the bundle that never takes a leaf, so that no expiry ends its membership.</summary>
/// <param name="InstanceId">Id of the instance it is.</param>
/// <param name="Key">The consumer.</param>
/// <param name="BundleSlots">The most bundle subscriptions it had at once.</param>
public sealed record RosterEntry(string InstanceId, InstanceKey Key, int BundleSlots);
