using SdsServer.Core.Fleet;
using SdsServer.Core.Secrets;
using SdsServer.Xds;

namespace SdsServer.Tests.Xds;

/// <summary>Watches a session from outside and fails when it breaks a rule that holds whatever happens.</summary>
internal sealed class SessionModel
{
    private readonly HashSet<string> _nonces = [];
    private readonly HashSet<long> _everOpened = [];
    private readonly HashSet<long> _answered = [];
    private readonly Dictionary<long, long> _newest = [];
    private readonly Dictionary<long, long> _sent = [];
    private readonly HashSet<long> _accepted = [];
    private SecretResponse? _last;

    public HashSet<long> Open { get; } = [];

    public bool IsUnanswered { get; private set; }

    public void Delivered(long subscription, long delivery)
    {
        if (Open.Contains(subscription))
        {
            _newest[subscription] = delivery;
        }
    }

    public void Look(SessionStep step, bool answersNewest, bool mayReplace)
    {
        IsUnanswered &= !answersNewest;
        foreach (FleetEvent happened in step.Events)
        {
            Look(happened, answersNewest);
        }

        if (step.Response is { } response)
        {
            Assert.True(!IsUnanswered || mayReplace, "a second response while one is unanswered");
            Look(response);
            (_last, IsUnanswered) = (response, true);
        }
    }

    /// <summary>Nothing is on its way any more.</summary>
    public void Drained()
    {
        Assert.False(IsUnanswered);
        foreach ((long subscription, long newest) in _newest.Where(delivery => Open.Contains(delivery.Key)))
        {
            Assert.Equal(newest, _sent[subscription]);
        }
    }

    private void Look(FleetEvent happened, bool answersNewest)
    {
        switch (happened)
        {
            case SubscriptionOpened opened:
                Assert.True(_everOpened.Add(opened.Subscription), "a subscription's number twice");
                Open.Add(opened.Subscription);
                break;
            case SubscriptionClosed closed:
                Assert.True(Open.Remove(closed.Subscription), "closed what is not open");
                break;
            case DeliveryAcked acked:
                AnswerOf(acked.Subscription, acked.Delivery, answersNewest);
                Assert.True(_answered.Add(acked.Delivery), "a delivery accepted twice");
                _accepted.Add(acked.Subscription);
                break;
            case DeliveryNacked nacked:
                AnswerOf(nacked.Subscription, nacked.Delivery, answersNewest);
                _answered.Add(nacked.Delivery);
                _accepted.Remove(nacked.Subscription);
                break;
        }
    }

    private void AnswerOf(long subscription, long delivery, bool answersNewest)
    {
        Assert.Contains(subscription, Open);
        Assert.True(answersNewest, "an answer without an answer");
        Assert.Contains(_last!.Items, item => item.Delivery == delivery && item.Subscription.Id == subscription);
    }

    private void Look(SecretResponse response)
    {
        Assert.True(_nonces.Add(response.Nonce), "a nonce twice");
        string[] names = [.. response.Items.Select(item => item.Subscription.Name), .. response.Removed];
        Assert.NotEmpty(names);
        Assert.Equal(names.Length, names.Distinct().Count());
        Assert.NotEmpty(response.Version);
        SecretKind[] fresh = [.. response.Items.Where(item => !item.IsResend).Select(item => item.Subscription.Kind).Distinct()];
        Assert.True(fresh.Length < 2, "bundle and leaf in flight together");
        foreach (ResponseItem item in response.Items)
        {
            Assert.Contains(item.Subscription.Id, Open);
            if (item.IsResend)
            {
                Assert.True(_accepted.Contains(item.Subscription.Id) && _sent[item.Subscription.Id] == item.Delivery, "bytes sent again that were not the last accepted");
            }

            _sent[item.Subscription.Id] = item.Delivery;
            _accepted.Remove(item.Subscription.Id);
            if (item.IsResend)
            {
                // Its acceptance is no event.
                _accepted.Add(item.Subscription.Id);
            }
        }
    }
}
