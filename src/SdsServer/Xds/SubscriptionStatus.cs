using SdsServer.Core.Secrets;

namespace SdsServer.Xds;

/// <summary>One name of a stream as an operator sees it. Holds no content.</summary>
/// <param name="Name">The name the client asked for.</param>
/// <param name="Kind">What it stands for.</param>
/// <param name="State">How far its newest content has come.</param>
/// <param name="SentVersion">The version last sent; null before the first.</param>
/// <param name="AckedVersion">The version last accepted on this stream, or null.</param>
/// <param name="Error">The client's words when it refused the version last sent, with every secret cut out; else null.</param>
/// <param name="ChangedAt">When <paramref name="State"/> last changed.</param>
public sealed record SubscriptionStatus(
    string Name, SecretKind Kind, SubscriptionState State, string? SentVersion, string? AckedVersion, string? Error, DateTimeOffset ChangedAt);
