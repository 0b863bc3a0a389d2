namespace SdsServer.Core.Fleet;

/// <summary>The proxy refused the response that carried this delivery.</summary>
/// <param name="Error">Envoy's words with every secret cut out.</param>
public sealed record DeliveryNacked(long Subscription, long Delivery, string Error) : FleetEvent;
