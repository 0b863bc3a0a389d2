namespace SdsServer.Core.Secrets;

/// <summary>A secret handed to one subscription to be sent.</summary>
/// <param name="Id">Unique in this process; an answer names it.</param>
/// <param name="Subscription">The subscription it is for.</param>
/// <param name="Payload">The content; null takes the name away (delta only: SotW knows no deletion).</param>
/// <param name="ReplacesUnanswered">
/// True when the stream shall send it although an earlier response is unanswered: that one's time to answer has run out.
/// </param>
public sealed record Delivery(long Id, long Subscription, SecretPayload? Payload, bool ReplacesUnanswered);
