namespace SdsServer.Core.Fleet;

/// <summary>The proxy answered the response that carried this delivery without error_detail, and the response was the stream's newest.</summary>
public sealed record DeliveryAcked(long Subscription, long Delivery) : FleetEvent;
