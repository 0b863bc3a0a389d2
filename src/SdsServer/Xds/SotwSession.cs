using System.Collections.Immutable;
using SdsServer.Core.Secrets;
using SdsServer.Grpc;
using SdsServer.Protos.Envoy.Discovery.V3;

namespace SdsServer.Xds;

/// <summary>
/// State of the world: each request repeats the complete list of names. A response may hold any part of them (the default mux of Envoy
/// takes that; its unified mux wants full sets, give it delta), and nothing can be deleted.
/// </summary>
internal sealed class SotwSession(StreamClient client, SecretNames names, XdsLimits limits, string nonces, Func<long> nextSubscription)
    : DiscoverySession<DiscoveryRequest>(client, names, limits, nonces, nextSubscription)
{
    // The last list, with the names that stand for nothing. Null before the first request.
    private HashSet<string>? _wanted;

    /// <exception cref="RpcException">Too many names, or one that is too long.</exception>
    protected override void Receive(DiscoveryRequest request, DateTimeOffset now)
    {
        // Before our first response the client can only show a nonce of a former stream, as Envoy up to 1.27 does.
        if (Nonce is not null && request.ResponseNonce != Nonce)
        {
            Note(SessionNoteKind.StaleNonce, request.ResponseNonce);
            return;
        }

        HashSet<string> wanted = Wanted(request);
        bool answered = Nonce is not null && !IsUnanswered;
        // One that names an older version only changes the list: an ACK repeats the version of the response (xDS protocol, "ACK").
        if (IsUnanswered && (request.ErrorDetail is not null || request.VersionInfo == UnansweredVersion))
        {
            Answer(request.ErrorDetail, now);
        }

        if (answered && request.ErrorDetail is null && wanted.SetEquals(_wanted!))
        {
            RequestResend(now);
            return;
        }

        Subscribe(wanted, request.VersionInfo, now);
    }

    protected override void Queue(Subscription subscription, Delivery delivery)
    {
        if (delivery.Payload is not null)
        {
            base.Queue(subscription, delivery);
            return;
        }

        // No message can say it. Delta's can, and Envoy then keeps the secret all the same, so the answer would prove as little.
        subscription.Forget();
        AnswerUnsent(delivery);
    }

    protected override (ImmutableArray<ResponseItem> Items, ImmutableArray<string> Removed) Choose(IReadOnlyList<Subscription> waiting)
    {
        // A bundle and a leaf are never in flight together: Envoy judges the TLS context, so a refusal would name neither (rotation rule E7).
        if (waiting.Count > 0)
        {
            if (waiting.Count == 1)
            {
                return ([new ResponseItem(waiting[0], waiting[0].Waiting!.Payload, waiting[0].Waiting!.Id, false)], []);
            }

            return ([.. waiting.Where(subscription => subscription.Kind == waiting[0].Kind)
                .Select(subscription => new ResponseItem(subscription, subscription.Waiting!.Payload, subscription.Waiting.Id, false))], []);
        }

        return ([.. Subscriptions.Where(subscription => subscription is { ResendDue: true, Resendable: not null })
            .OrderBy(subscription => subscription.Kind)
            .Select(subscription => new ResponseItem(subscription, subscription.Resendable, subscription.HeldDelivery, true))], []);
    }

    private HashSet<string> Wanted(DiscoveryRequest request)
    {
        if (_wanted is { Count: 1 } && request.ResourceNames is [string same] && _wanted.Contains(same))
        {
            return _wanted;
        }

        HashSet<string> wanted = new(StringComparer.Ordinal);
        foreach (string name in request.ResourceNames)
        {
            wanted.Add(Checked(name));
        }

        // Secrets have no wildcard, neither "*" nor the empty list.
        wanted.Remove("*");
        CheckCount(wanted.Count);
        return wanted;
    }

    private void Subscribe(HashSet<string> wanted, string versionInfo, DateTimeOffset now)
    {
        if (ReferenceEquals(wanted, _wanted))
        {
            return;
        }

        foreach (Subscription gone in Subscriptions.Where(subscription => !wanted.Contains(subscription.Name)).ToArray())
        {
            CloseSubscription(gone);
        }

        string? reported = _wanted is null ? Reported(versionInfo) : null;
        // Of an aggregated stream it may also be what a name was told that has been let go since.
        bool joint = reported is not null && (Client.IsAggregated || wanted.Count(name => KindOf(name) == SecretKind.Bundle) > 1);
        foreach (string name in wanted.Where(name => _wanted is null || !_wanted.Contains(name)))
        {
            Open(name, reported, KindOf(name) == SecretKind.Leaf ? HeldLeaf(reported) : null, now, joint);
        }

        _wanted = wanted;
    }

    // The client keeps its leaf while it waits for the next one, so our first answers must go on naming it.
    private static string? HeldLeaf(string? reported) => SecretVersion.LeafSerial(reported) is { } serial ? "l" + serial : null;
}
