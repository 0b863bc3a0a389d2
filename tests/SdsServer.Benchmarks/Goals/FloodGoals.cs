using SdsServer.Benchmarks.Envoys;
using SdsServer.Benchmarks.Floods;
using SdsServer.Benchmarks.Measuring;
using SdsServer.Benchmarks.Servers;

namespace SdsServer.Benchmarks.Goals;

/// <summary>G12: a push to honest proxies while a hostile client does its worst, against the same push without it.</summary>
internal static class FloodGoals
{
    private const int Honest = 200;
    private const int WarmUp = 10;
    private static readonly TimeSpan UnderWay = TimeSpan.FromMilliseconds(500);

    // Longer than the server holds those that it has refused: they come back meanwhile.
    private static readonly TimeSpan UnderWayIdle = TimeSpan.FromSeconds(3);

    public static async Task<IEnumerable<Outcome>> HostileAsync(Options options)
    {
        List<Outcome> outcomes = [];
        foreach (FloodKind kind in Enum.GetValues<FloodKind>().Where(kind => options.Flood is not { } only || kind == only))
        {
            outcomes.AddRange(await HostileAsync(options, kind));
        }

        return outcomes;
    }

    private static async Task<IEnumerable<Outcome>> HostileAsync(Options options, FloodKind kind)
    {
        RecordedEnvoy envoy = RecordedEnvoy.Load(XdsDialect.Sotw, options.Envoy);
        await using SdsServerProcess server = await SdsServerProcess.StartAsync();
        using Swarm honest = await Swarm.ConnectAsync(new SwarmOptions(server.Address, envoy) { Envoys = Math.Min(Honest, options.Streams) });
        BundlePusher pusher = new(server, honest);
        for (int i = 0; i < WarmUp; i++)
        {
            await pusher.PushAsync();
        }

        long quiet = server.ResidentKiB, grown = 0, cut = 0;
        List<(double, double)> pairs = await Pairs.RunAsync(
            options.Pairs,
            async () =>
            {
                Flood flood = new(server.Address, kind, envoy);
                using CancellationTokenSource stop = new();
                Task hostile = flood.RunAsync(stop.Token);
                await Task.Delay(Flood.IsIdle(kind) ? UnderWayIdle : UnderWay);
                double p99 = (await pusher.PushAsync()).Times.P99;
                grown = Math.Max(grown, server.ResidentKiB - quiet);
                await stop.CancelAsync();
                await hostile;
                cut += flood.Cut;
                return p99;
            },
            async () => (await pusher.PushAsync()).Times.P99);
        Outcome outcome = Outcome.Of("G12", $"p99 of a push to {honest.Streams.Count} streams, {kind}", "without it", Target.Below(2), pairs, "ms");
        return [outcome with { Note = FormattableString.Invariant($"{outcome.Note}; {cut} connections cut, memory up by at most {grown / 1024.0:F0} MiB") }];
    }
}
