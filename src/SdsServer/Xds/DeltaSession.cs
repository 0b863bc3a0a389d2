using System.Collections.Immutable;
using SdsServer.Core.Secrets;
using SdsServer.Grpc;
using SdsServer.Protos.Envoy.Discovery.V3;

namespace SdsServer.Xds;

/// <summary>Delta: requests add and drop names, a response holds one secret, or the names that have none.</summary>
internal sealed class DeltaSession(StreamClient client, SecretNames names, XdsLimits limits, string nonces, Func<long> nextSubscription)
    : DiscoverySession<DeltaDiscoveryRequest>(client, names, limits, nonces, nextSubscription)
{
    // Names still to be answered with removed_resources. Nothing else is kept of a name that stands for nothing: on-demand secrets are
    // named by whoever opens a connection to the proxy.
    private readonly HashSet<string> _removed = new(StringComparer.Ordinal);
    private bool _started;

    /// <exception cref="RpcException">Too many names, or one that is too long.</exception>
    protected override void Receive(DeltaDiscoveryRequest request, DateTimeOffset now)
    {
        bool first = !_started;
        string[] subscribe = [.. request.ResourceNamesSubscribe.Where(name => name != "*").Select(Checked).Distinct()];
        string[] gone = first ? [.. request.InitialResourceVersions.Keys.Select(Checked).Where(name => KindOf(name) is null)] : [];
        CheckCounts(request, subscribe, gone);
        _started = true;

        // Only the correlation depends on the nonce; the names count whatever it is.
        if (request.ResponseNonce.Length > 0)
        {
            if (IsUnanswered && request.ResponseNonce == Nonce)
            {
                Answer(request.ErrorDetail, now);
            }
            else
            {
                Note(SessionNoteKind.StaleNonce, request.ResponseNonce);
            }
        }

        foreach (string name in request.ResourceNamesUnsubscribe)
        {
            _removed.Remove(name);
            CloseIfOpen(name);
        }

        foreach (string name in subscribe)
        {
            // A name that is asked for again was dropped in between: clients collapse the two (go-control-plane#1450).
            CloseIfOpen(name);
            string? reported = first && request.InitialResourceVersions.TryGetValue(name, out string? version) ? Reported(version) : null;
            Open(name, reported, reported, now);
        }

        _removed.UnionWith(gone);
    }

    protected override bool HasRemoved => _removed.Count > 0;

    protected override void RefuseName(string name)
    {
        base.RefuseName(name);
        _removed.Add(name);
    }

    protected override (ImmutableArray<ResponseItem> Items, ImmutableArray<string> Removed) Choose(IReadOnlyList<Subscription> waiting)
    {
        // One secret each: the first bad one would take the others of its response down with it.
        if (waiting.Count > 0)
        {
            return ([new ResponseItem(waiting[0], waiting[0].Waiting!.Payload, waiting[0].Waiting!.Id, false)], []);
        }

        if (_removed.Count > 0)
        {
            ImmutableArray<string> removed = [.. _removed];
            _removed.Clear();
            return ([], removed);
        }

        Subscription? again = Subscriptions.Where(subscription => subscription is { ResendDue: true, Resendable: not null })
            .OrderBy(subscription => subscription.Kind).FirstOrDefault();
        return (again is null ? [] : [new ResponseItem(again, again.Resendable, again.HeldDelivery, true)], []);
    }

    private void CheckCounts(DeltaDiscoveryRequest request, string[] subscribe, string[] gone)
    {
        ILookup<bool, string> known = subscribe.ToLookup(name => KindOf(name) is not null);
        CheckCount(Subscriptions.Select(subscription => subscription.Name)
            .Except(request.ResourceNamesUnsubscribe, StringComparer.Ordinal).Union(known[true], StringComparer.Ordinal).Count());
        CheckCount(_removed.Union(known[false], StringComparer.Ordinal).Union(gone, StringComparer.Ordinal).Count());
    }

    private void CloseIfOpen(string name)
    {
        if (Find(name) is { } open)
        {
            CloseSubscription(open);
        }
    }
}
