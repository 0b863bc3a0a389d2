using SdsServer.Core.Secrets;

namespace SdsServer.Xds;

/// <summary>One secret of a response.</summary>
/// <param name="Subscription">The name it answers.</param>
/// <param name="Payload">The content; null says that it is gone (delta only).</param>
/// <param name="Delivery">The delivery that brought the content; of a re-sent content the one that brought it first.</param>
/// <param name="IsResend">An ACK proves nothing: the client held these bytes before.</param>
internal readonly record struct ResponseItem(Subscription Subscription, SecretPayload? Payload, long Delivery, bool IsResend);
