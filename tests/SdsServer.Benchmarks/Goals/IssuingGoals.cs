using SdsServer.Benchmarks.Issuing;
using SdsServer.Benchmarks.Measuring;

namespace SdsServer.Benchmarks.Goals;

/// <summary>G1 to G4 and G13: how fast leaves are made.</summary>
internal static class IssuingGoals
{
    private const string Shipped = "leaves as shipped (policy, key, leaf, PEM, lint, anchors)";

    public static async Task<IEnumerable<Outcome>> AgainstOpenSslAsync(Options options)
    {
        if (!OpenSsl.IsThere)
        {
            return [Outcome.NotMeasured("G1", "leaves for a given key", "openssl is not on PATH")];
        }

        int threads = Environment.ProcessorCount;
        await using IssuingBench bench = await IssuingBench.OpenAsync();
        List<(double, double)> parts = await Pairs.RunAsync(
            options.Pairs, () => Rate.OfAsync(options.Loop, threads, () => () => bench.IssueForGivenKey()), () => OpenSsl.SignRateAsync(1, threads));
        List<(double, double)> shipped = await Pairs.RunAsync(
            options.Pairs, () => Rate.OfAsync(options.Loop, IssuingBench.InFlight, bench.SignDurablyAsync), () => OpenSsl.SignRateAsync(1, threads));
        return
        [
            Outcome.Of("G1", "leaves for a given key, not linted, not recorded", "openssl speed ecdsap256 sign", null, parts, "a second"),
            Outcome.Of("G1", $"{Shipped}, recorded", "openssl speed ecdsap256 sign", Target.Above(0.70), shipped, "a second"),
        ];
    }

    public static async Task<IEnumerable<Outcome>> AgainstManagedAsync(Options options)
    {
        int threads = Environment.ProcessorCount;
        await using IssuingBench bench = await IssuingBench.OpenAsync();
        Task<double> Ours() => Rate.OfAsync(options.Loop, threads, bench.SignAsync);
        List<(double, double)> ceiling = await Pairs.RunAsync(options.Pairs, Ours, () => Rate.OfAsync(options.Loop, threads, IssuingBench.ManagedCeiling));
        List<(double, double)> naive = await Pairs.RunAsync(options.Pairs, Ours, () => Rate.OfAsync(options.Loop, threads, IssuingBench.Naive));
        return
        [
            Outcome.Of("G2", Shipped, "ECDsa.Create and one signature", Target.Above(0.75), ceiling, "a second"),
            Outcome.NotMeasured("G3", Shipped, "needs a Go toolchain; the Go issuer is compared as part of G9"),
            Outcome.Of("G4", Shipped, "CertificateRequest, not linted", Target.Above(3), naive, "a second"),
        ];
    }

    public static async Task<IEnumerable<Outcome>> DurableAsync(Options options)
    {
        await using IssuingBench bench = await IssuingBench.OpenAsync();
        List<(double, double)> pairs = await Pairs.RunAsync(
            options.Pairs,
            () => Rate.OfAsync(options.Loop, IssuingBench.InFlight, bench.SignDurablyAsync),
            () => Rate.OfAsync(options.Loop, IssuingBench.InFlight, bench.SignAsync));
        return [Outcome.Of("G13", $"{Shipped}, each with a durable ledger row", "the same without the row", Target.Above(0.8), pairs, "a second")];
    }
}
