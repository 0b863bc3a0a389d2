using SdsServer.Benchmarks.Envoys;
using SdsServer.Benchmarks.Measuring;
using SdsServer.Benchmarks.Servers;

namespace SdsServer.Benchmarks.Goals;

/// <summary>G5, G6, G7, G11 and G16: a new bundle to everyone.</summary>
internal static class PushGoals
{
    /// <summary>G5 and G6. All servers hold their streams at once; one after the other pushes.</summary>
    public static async Task<IEnumerable<Outcome>> AgainstGoAsync(Options options)
    {
        if (!GoControlPlane.IsThere)
        {
            return [Outcome.NotMeasured("G5", "CPU a push", $"{GoControlPlane.Program} is not there"), Outcome.NotMeasured("G6", "time to the last stream", $"{GoControlPlane.Program} is not there")];
        }

        (List<(PushFigures Ours, PushFigures Theirs)> linear, List<(PushFigures Ours, PushFigures Theirs)> snapshot) =
            (await SideBySideAsync(options, "linear", options.Streams), await SideBySideAsync(options, "snapshot", options.Streams));
        int few = Math.Min(1_000, options.Streams / 2);
        List<(PushFigures Ours, PushFigures Theirs)> small = await SideBySideAsync(options, "linear", few);
        string what = $"{options.Streams} streams, {linear[0].Ours.Size} bytes";
        return
        [
            Outcome.Of("G5", $"server CPU a push, {what}", "go-control-plane LinearCache", Target.Below(0.65), [.. linear.Select(it => (it.Ours.CpuMicroseconds, it.Theirs.CpuMicroseconds))], "us"),
            Outcome.Of("G6", $"time to the last stream, {what}", "go-control-plane LinearCache", Target.Below(0.85), [.. linear.Select(it => (it.Ours.Times.Max, it.Theirs.Times.Max))], "ms"),
            Outcome.Of("G6", $"time to the last stream, {what}", "go-control-plane SnapshotCache", Target.Below(1.1), [.. snapshot.Select(it => (it.Ours.Times.Max, it.Theirs.Times.Max))], "ms"),
            Outcome.Of("G6", $"time to the last stream, {few} streams", "go-control-plane LinearCache", Target.Below(1.25), [.. small.Select(it => (it.Ours.Times.Max, it.Theirs.Times.Max))], "ms"),
        ];
    }

    /// <summary>G7. New servers for each pair, since memory only ever grows.</summary>
    public static async Task<IEnumerable<Outcome>> MemoryAsync(Options options)
    {
        if (!GoControlPlane.IsThere)
        {
            return [Outcome.NotMeasured("G7", "memory a stream", $"{GoControlPlane.Program} is not there")];
        }

        List<(double, double)> idle = [], used = [];
        for (int pair = 0; pair < options.Pairs; pair++)
        {
            (double Idle, double Used) ours, theirs;
            await using (SdsServerProcess server = await SdsServerProcess.StartAsync())
            {
                ours = await MemoryAsync(server, options, swarm =>
                {
                    BundlePusher pusher = new(server, swarm);
                    return pusher.PushAsync;
                });
            }

            await using (GoControlPlane server = await GoControlPlane.StartAsync("linear"))
            {
                theirs = await MemoryAsync(server, options, swarm => () => PushFigures.MeasureAsync(server, swarm, () => server.PushBundleAsync(4096)));
            }

            idle.Add((ours.Idle, theirs.Idle));
            used.Add((ours.Used, theirs.Used));
        }

        return
        [
            Outcome.Of("G7", $"memory an idle stream, {options.Streams} streams", "go-control-plane LinearCache", Target.Below(0.75), idle, "KiB"),
            Outcome.Of("G7", $"memory a stream after 10 pushes, {options.Streams} streams", "go-control-plane LinearCache", Target.Below(0.45), used, "KiB"),
        ];
    }

    /// <summary>G16. The same server with a tenth of the streams.</summary>
    public static async Task<IEnumerable<Outcome>> FlatnessAsync(Options options)
    {
        RecordedEnvoy envoy = RecordedEnvoy.Load(XdsDialect.Sotw, options.Envoy);
        int few = Math.Max(1, options.Streams / 10);
        await using SdsServerProcess large = await SdsServerProcess.StartAsync(), small = await SdsServerProcess.StartAsync();
        using Swarm many = await Swarm.ConnectAsync(new SwarmOptions(large.Address, envoy) { Envoys = options.Streams });
        using Swarm tenth = await Swarm.ConnectAsync(new SwarmOptions(small.Address, envoy) { Envoys = few });
        BundlePusher toMany = new(large, many), toTenth = new(small, tenth);
        await Warming.RunAsync(large, toMany.PushAsync);
        await Warming.RunAsync(small, toTenth.PushAsync);
        List<(double, double)> pairs = await Pairs.RunAsync(
            options.Pairs, async () => (await toMany.PushAsync()).CpuMicroseconds, async () => (await toTenth.PushAsync()).CpuMicroseconds);
        return [Outcome.Of("G16", $"server CPU a push, {options.Streams} streams", $"{few} streams", Target.Below(1.1), pairs, "us")];
    }

    /// <summary>G11. Every other push finds one more stream, whose window is closed.</summary>
    public static async Task<IEnumerable<Outcome>> StuckStreamAsync(Options options)
    {
        RecordedEnvoy envoy = RecordedEnvoy.Load(XdsDialect.Sotw, options.Envoy);
        await using SdsServerProcess server = await SdsServerProcess.StartAsync();
        SwarmOptions shape = new(server.Address, envoy) { Envoys = options.Streams };
        using Swarm swarm = await Swarm.ConnectAsync(shape);
        BundlePusher pusher = new(server, swarm);
        await Warming.RunAsync(server, pusher.PushAsync);
        int round = 0;
        List<(double, double)> pairs = await Pairs.RunAsync(
            options.Pairs,
            async () =>
            {
                using Swarm stuck = await Swarm.ConnectAsync(shape with { Envoys = 1, NodePrefix = FormattableString.Invariant($"stuck-{++round}") });
                stuck.Freeze();
                return (await pusher.PushAsync()).Times.P99;
            },
            async () => (await pusher.PushAsync()).Times.P99);
        return [Outcome.Of("G11", $"p99 of a push to {options.Streams} streams, one more is stuck", "none is stuck", Target.Below(1.2), pairs, "ms")];
    }

    private static async Task<(double Idle, double Used)> MemoryAsync(ServerUnderTest server, Options options, Func<Swarm, Func<Task>> pusher)
    {
        RecordedEnvoy envoy = RecordedEnvoy.Load(XdsDialect.Sotw, options.Envoy);
        long empty = server.ResidentKiB;
        using Swarm swarm = await Swarm.ConnectAsync(new SwarmOptions(server.Address, envoy) { Envoys = options.Streams });
        await Task.Delay(TimeSpan.FromSeconds(1));
        double idle = (double)(server.ResidentKiB - empty) / options.Streams;
        Func<Task> push = pusher(swarm);
        for (int i = 0; i < 10; i++)
        {
            await push();
        }

        return (idle, (double)(server.ResidentKiB - empty) / options.Streams);
    }

    /// <summary>Both servers hold their streams at once; one after the other pushes.</summary>
    private static async Task<List<(PushFigures Ours, PushFigures Theirs)>> SideBySideAsync(Options options, string mode, int streams)
    {
        RecordedEnvoy envoy = RecordedEnvoy.Load(XdsDialect.Sotw, options.Envoy);
        await using SdsServerProcess ours = await SdsServerProcess.StartAsync();
        await using GoControlPlane theirs = await GoControlPlane.StartAsync(mode);
        using Swarm toOurs = await Swarm.ConnectAsync(new SwarmOptions(ours.Address, envoy) { Envoys = streams });
        using Swarm toTheirs = await Swarm.ConnectAsync(new SwarmOptions(theirs.Address, envoy) { Envoys = streams });
        BundlePusher pusher = new(ours, toOurs);
        List<(PushFigures, PushFigures)> pairs = [];
        async Task<(PushFigures, PushFigures)> PairAsync()
        {
            PushFigures mine = await pusher.PushAsync();
            return (mine, await PushFigures.MeasureAsync(theirs, toTheirs, () => theirs.PushBundleAsync(mine.Size)));
        }

        await Warming.RunAsync(ours, PairAsync);
        for (int i = 0; i < options.Pairs; i++)
        {
            pairs.Add(await PairAsync());
        }

        return pairs;
    }
}
