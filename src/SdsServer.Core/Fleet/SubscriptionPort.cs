using SdsServer.Core.Secrets;

namespace SdsServer.Core.Fleet;

/// <summary>How the owner of a trust domain talks to a subscription. Neither call blocks, and both may be made from any thread.</summary>
/// <param name="Deliver">Hands over a secret, or says that there is none.</param>
/// <param name="End">Says that its stream is to end.</param>
public sealed record SubscriptionPort(Action<Delivery> Deliver, Action End);
