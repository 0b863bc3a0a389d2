using SdsServer.Core.Secrets;
using SdsServer.Protos.Envoy.Discovery.V3;
using SdsServer.Xds;

namespace SdsServer.Tests.Xds;

/// <summary>Random clients and owners; a failure names the seed that repeats it.</summary>
public sealed class SessionPropertyTests
{
    private const int Seeds = 400;
    private const int Steps = 150;

    private static readonly string[] s_names = ["roots/a", "roots/b", "leaves/a", "leaves/b", "nobody", "*"];

    [Fact]
    public void State_of_the_world_keeps_its_promises_in_any_order_of_events() => ForEachSeed(random =>
    {
        SotwDriver driver = new() { Limits = new() };
        string[] names = [];
        return new Game<DiscoveryRequest>(driver, (nonce, version, refusal) =>
        {
            names = random.Next(3) == 0 ? [.. s_names.Where(_ => random.Next(2) == 0)] : names;
            return new DiscoveryRequest { ResponseNonce = nonce, VersionInfo = version, ResourceNames = { names }, ErrorDetail = refusal ? new() { Message = "no" } : null };
        });
    });

    [Fact]
    public void Delta_keeps_its_promises_in_any_order_of_events() => ForEachSeed(random =>
    {
        DeltaDriver driver = new() { Limits = new() };
        return new Game<DeltaDiscoveryRequest>(driver, (nonce, _, refusal) => new DeltaDiscoveryRequest
        {
            ResponseNonce = nonce,
            ErrorDetail = refusal ? new() { Message = "no" } : null,
            ResourceNamesSubscribe = { s_names.Where(_ => random.Next(8) == 0) },
            ResourceNamesUnsubscribe = { s_names.Where(_ => random.Next(10) == 0) },
        });
    });

    private static void ForEachSeed<TRequest>(Func<Random, Game<TRequest>> start)
    {
        for (int seed = 0; seed < Seeds; seed++)
        {
            Random random = new(seed);
            try
            {
                start(random).Play(random);
            }
            catch (Exception error)
            {
                throw new InvalidOperationException($"seed {seed}: {error.Message}", error);
            }
        }
    }

    private sealed class Game<TRequest>(SessionDriver<TRequest> driver, Func<string, string, bool, TRequest> request)
    {
        private readonly SessionModel _model = new();
        private readonly List<long> _known = [1];
        private long _deliveries = 5000;
        private string? _newestNonce;
        private string _newestVersion = "";

        public void Play(Random random)
        {
            for (int i = 0; i < Steps; i++)
            {
                Step(random);
            }

            for (int i = 0; i < 50 && _model.IsUnanswered; i++)
            {
                Handle(_newestNonce!, _newestVersion, false);
            }

            _model.Drained();
        }

        private void Step(Random random)
        {
            switch (random.Next(10))
            {
                case < 3:
                    Handle(random.Next(4) > 0 && _newestNonce is not null ? _newestNonce : random.Next(2) == 0 ? "" : "another", random.Next(8) == 0 ? "older" : _newestVersion, random.Next(4) == 0);
                    break;
                case 3:
                    driver.Now += TimeSpan.FromSeconds(random.Next(4));
                    Look(driver.Session.Wake(driver.Now), false, false);
                    break;
                case 4:
                    Look(driver.Session.Resend(driver.Now), false, false);
                    break;
                default:
                    Deliver(random);
                    break;
            }
        }

        private void Handle(string nonce, string version, bool refusal)
        {
            // A session without a response yet has nothing that a nonce could answer; only in state of the world does an ACK repeat the version.
            bool repeats = refusal || version == _newestVersion || typeof(TRequest) == typeof(DeltaDiscoveryRequest);
            bool answers = _model.IsUnanswered && nonce == _newestNonce && repeats;
            Look(driver.Session.Handle(request(nonce, version, refusal), driver.Now), answers, false);
        }

        private void Deliver(Random random)
        {
            Delivery[] deliveries = [.. Enumerable.Range(0, random.Next(1, 4)).Select(_ => One(random)).DistinctBy(delivery => delivery.Subscription)];
            foreach (Delivery delivery in deliveries)
            {
                _model.Delivered(delivery.Subscription, delivery.Id);
            }

            Look(driver.Session.Deliver(deliveries, driver.Now), false, deliveries.Any(delivery => delivery.ReplacesUnanswered));
        }

        private Delivery One(Random random)
        {
            long subscription = _known[random.Next(_known.Count)];
            bool isLeaf = driver.Session.NameOf(subscription).StartsWith("leaves", StringComparison.Ordinal);
            return new(
                ++_deliveries, subscription, isLeaf ? TestSecrets.Leaf((int)_deliveries) : TestSecrets.Bundle(_deliveries), random.Next(10) == 0);
        }

        private void Look(SessionStep step, bool answersNewest, bool mayReplace)
        {
            _model.Look(step, answersNewest, mayReplace);
            _known.Clear();
            _known.AddRange([1, .. _model.Open]);
            _newestNonce = step.Response?.Nonce ?? _newestNonce;
            _newestVersion = step.Response?.Version ?? _newestVersion;
        }
    }
}
