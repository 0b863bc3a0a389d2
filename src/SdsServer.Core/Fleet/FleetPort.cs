namespace SdsServer.Core.Fleet;

/// <summary>How streams talk to the owner of a trust domain. Safe for concurrent use; neither call blocks.</summary>
/// <param name="Open">Opens a subscription, which is answered by its port.</param>
/// <param name="Post">Reports what happened.</param>
public sealed record FleetPort(Action<SubscriptionOpened, SubscriptionPort> Open, Action<FleetEvent> Post);
