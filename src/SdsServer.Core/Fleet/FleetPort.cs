using SdsServer.Core.Secrets;

namespace SdsServer.Core.Fleet;

/// <summary>How streams talk to the owner of a trust domain. Safe for concurrent use; neither call blocks.</summary>
/// <param name="Open">
/// Opens a subscription; the first callback hands over its deliveries, the second says that its stream is to end. Neither must block, and both
/// may be called from any thread.
/// </param>
/// <param name="Post">Reports what happened.</param>
public sealed record FleetPort(Action<SubscriptionOpened, Action<Delivery>, Action> Open, Action<FleetEvent> Post);
