using System.Globalization;
using SdsServer.Benchmarks.Envoys;
using SdsServer.Benchmarks.Measuring;
using SdsServer.Core.Fleet;

namespace SdsServer.Benchmarks.Issuing;

/// <summary>Rates of the parts, each round in the same order so that a busy machine hits all of them.</summary>
internal static class MicroCommand
{
    public static async Task<int> RunAsync(Options options)
    {
        int threads = Environment.ProcessorCount;
        await using IssuingBench bench = await IssuingBench.OpenAsync();
        SignedLeaf leaf = await bench.SignAsync();
        RecordedEnvoy envoy = RecordedEnvoy.Load(XdsDialect.Sotw, options.Envoy);
        (string Name, Func<Task<double>> Measure)[] parts =
        [
            ("managed ceiling: keygen + signature", () => Rate.OfAsync(options.Loop, threads, IssuingBench.ManagedCeiling)),
            ("CertificateRequest, keygen, PEM", () => Rate.OfAsync(options.Loop, threads, IssuingBench.Naive)),
            ("leaf, key given", () => Rate.OfAsync(options.Loop, threads, () => () => bench.IssueForGivenKey())),
            ("leaf, keygen, PEM", () => Rate.OfAsync(options.Loop, threads, () => () => bench.IssueWithFreshKey())),
            ("shipped: leaf, keygen, PEM, lint, anchors", () => Rate.OfAsync(options.Loop, threads, bench.SignAsync)),
            ("shipped and recorded", () => Rate.OfAsync(options.Loop, IssuingBench.InFlight, bench.SignDurablyAsync)),
            ("ledger row alone", () => Rate.OfAsync(options.Loop, IssuingBench.InFlight, () => bench.RecordAsync(leaf))),
            ("lint of an imported leaf", () => Rate.OfAsync(options.Loop, threads, bench.LintAsync(leaf))),
            ("bundle from state", () => Rate.OfAsync(options.Loop, threads, () => () => bench.EncodeBundle())),
            ($"parse a request ({envoy.Source})", () => Rate.OfAsync(options.Loop, threads, () => SessionBench.Parse(envoy))),
            ("session round: delivery, encode, ACK", () => Rate.OfAsync(options.Loop, threads, () => SessionBench.Round(bench.EncodeBundle(), "ROOTCA"))),
        ];
        List<double>[] rates = [.. parts.Select(_ => new List<double>())];
        long[] allocated = new long[parts.Length];
        for (int round = 0; round <= options.Pairs; round++)
        {
            for (int part = 0; part < parts.Length; part++)
            {
                long before = GC.GetTotalAllocatedBytes();
                double rate = await parts[part].Measure();
                if (round > 0) // the first warms up
                {
                    rates[part].Add(rate);
                    allocated[part] = (long)((GC.GetTotalAllocatedBytes() - before) / (rate * options.Loop.TotalSeconds));
                }
            }
        }

        Console.WriteLine($"{threads} threads, {options.Pairs} rounds; operations a second (median), share of the managed ceiling (median), bytes allocated each");
        for (int part = 0; part < parts.Length; part++)
        {
            double share = new Series(rates[part].Zip(rates[0], (rate, ceiling) => rate / ceiling)).Median;
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{new Series(rates[part]).Median,10:F0}  {share,7:F2}  {allocated[part],8}  {parts[part].Name}"));
        }

        return 0;
    }
}
