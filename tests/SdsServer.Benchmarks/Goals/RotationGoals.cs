using System.Diagnostics;
using SdsServer.Benchmarks.Envoys;
using SdsServer.Benchmarks.Measuring;
using SdsServer.Benchmarks.Servers;
using SdsServer.Protos.Admin.V1;

namespace SdsServer.Benchmarks.Goals;

/// <summary>G9 and G10: every workload gets a new key, alone and as part of a whole rotation.</summary>
internal static class RotationGoals
{
    private static readonly string[] Both = ["default", "ROOTCA"];

    /// <summary>G9. Ours: from the moment the signer moves to the last new leaf, ledger and proof included. Theirs: key, leaf and push.</summary>
    public static async Task<IEnumerable<Outcome>> RekeyAsync(Options options)
    {
        if (!GoControlPlane.IsThere)
        {
            return [Outcome.NotMeasured("G9", "re-keying everyone", $"{GoControlPlane.Program} is not there")];
        }

        RecordedEnvoy envoy = RecordedEnvoy.Load(XdsDialect.Sotw, options.Envoy);
        await using SdsServerProcess server = await SdsServerProcess.StartAsync();
        await using GoControlPlane baseline = await GoControlPlane.StartAsync("snapshot");

        // SnapshotCache has one version for all secrets and would push the bundle with each leaf: its proxies ask for the leaf alone.
        using Swarm ours = await Swarm.ConnectAsync(new SwarmOptions(server.Address, envoy) { Envoys = options.Streams, Secrets = [.. Both] });
        using Swarm theirs = await Swarm.ConnectAsync(new SwarmOptions(baseline.Address, envoy) { Envoys = options.Streams, Secrets = ["default"] });
        List<(RotationFigures Ours, PushFigures Theirs)> pairs = [];
        await Warming.RunAsync(server, () => RotateByHandAsync(server, ours));
        for (int i = 0; i < options.Pairs; i++)
        {
            pairs.Add((
                await RotateByHandAsync(server, ours),
                await PushFigures.MeasureAsync(baseline, theirs, () => baseline.RekeyAsync(1), IsLeaf)));
        }

        string what = $"{options.Streams} workloads";
        return
        [
            Outcome.Of("G9", $"re-key {what}, time to the last", "go-control-plane SnapshotCache with Go x509", Target.Below(0.65), [.. pairs.Select(it => (it.Ours.Rekey, it.Theirs.Times.Max))], "ms"),
            Outcome.Of("G9", $"re-key {what}, server CPU a leaf", "go-control-plane SnapshotCache with Go x509", null, [.. pairs.Select(it => (it.Ours.RekeyCpu, it.Theirs.CpuMicroseconds))], "us"),
        ];
    }

    /// <summary>G10. One rotation that goes by itself, then one by hand whose parts are added up. Handshakes between the workloads go on meanwhile.</summary>
    public static async Task<IEnumerable<Outcome>> WholeAsync(Options options)
    {
        RecordedEnvoy envoy = RecordedEnvoy.Load(XdsDialect.Sotw, options.Envoy);
        await using SdsServerProcess server = await SdsServerProcess.StartAsync();
        using Swarm swarm = await Swarm.ConnectAsync(new SwarmOptions(server.Address, envoy) { Envoys = options.Streams, Secrets = [.. Both] });
        List<(double, double)> pairs = await Pairs.RunAsync(
            options.Pairs,
            async () =>
            {
                StartRotationRequest order = await server.Admin.PrepareStartAsync(manual: false);
                long start = Stopwatch.GetTimestamp();
                await server.Admin.EndAsync(await server.Admin.StartAsync(order));
                return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
            },
            async () =>
            {
                RotationFigures parts = await RotateByHandAsync(server, swarm);
                return parts.Add + parts.Rekey + parts.Drop;
            });
        int failed, handshakes;
        await using (HandshakeProbe probe = await HandshakeProbe.StartAsync(server.Address, envoy))
        {
            await server.Admin.EndAsync(await server.Admin.StartAsync(await server.Admin.PrepareStartAsync(manual: false)));
            (handshakes, failed) = await probe.StopAsync();
        }

        return
        [
            Outcome.Of("G10", $"whole rotation of {options.Streams} workloads", "its two bundle pushes and its re-key, taken by hand", Target.Below(1.5), pairs, "ms"),
            new Outcome("G10", $"failed handshakes among {handshakes} between proxies during a rotation", "none", new Series([failed]), Target.Below(0), "TLS 1.3, both sides verified, certificates as delivered at that instant"),
        ];
    }

    /// <summary>Add the root, wait for every ACK, switch the signer, wait for every leaf, drop the root.</summary>
    private static async Task<RotationFigures> RotateByHandAsync(SdsServerProcess server, Swarm swarm)
    {
        StartRotationRequest start = await server.Admin.PrepareStartAsync(manual: true);
        string rotation = "";
        PushFigures add = await PushFigures.MeasureAsync(server, swarm, async () => rotation = await server.Admin.StartAsync(start), IsBundle);
        AdvanceRotationRequest signer = await server.Admin.PrepareAdvanceAsync(rotation);
        PushFigures rekey = await PushFigures.MeasureAsync(server, swarm, () => server.Admin.AdvanceAsync(signer), IsLeaf);
        AdvanceRotationRequest removal = await server.Admin.PrepareAdvanceAsync(rotation);
        PushFigures drop = await PushFigures.MeasureAsync(server, swarm, () => server.Admin.AdvanceAsync(removal), IsBundle);
        await server.Admin.EndAsync(rotation);
        return new RotationFigures(add.Times.Max, rekey.Times.Max, drop.Times.Max, rekey.CpuMicroseconds);
    }

    private static bool IsLeaf(SecretStream stream) => stream.Name == "default";

    private static bool IsBundle(SecretStream stream) => stream.Name == "ROOTCA";

    /// <summary>Milliseconds to the last stream for each step, and microseconds of the server for each new leaf.</summary>
    private sealed record RotationFigures(double Add, double Rekey, double Drop, double RekeyCpu);
}
