namespace SdsServer.Core.Fleet;

/// <summary>The stream ended, or let the name go. Its deliveries will not be answered any more.</summary>
public sealed record SubscriptionClosed(long Subscription) : FleetEvent;
