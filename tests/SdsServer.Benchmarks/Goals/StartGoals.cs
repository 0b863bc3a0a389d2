using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using SdsServer.Benchmarks.Envoys;
using SdsServer.Benchmarks.Measuring;
using SdsServer.Benchmarks.Servers;
using SdsServer.Testing.Processes;

namespace SdsServer.Benchmarks.Goals;

/// <summary>G15: from the start of the process to its first answer, with a store that exists.</summary>
internal static class StartGoals
{
    public static async Task<IEnumerable<Outcome>> FirstSecretAsync(Options options)
    {
        RecordedEnvoy envoy = RecordedEnvoy.Load(XdsDialect.Sotw, options.Envoy);
        using TemporaryDirectory directory = new("sdsbench");
        string data = directory.PathOf("data");
        List<(double Ours, double Hello)> pairs = await Pairs.RunAsync(
            options.Pairs,
            async () =>
            {
                long start = Stopwatch.GetTimestamp();
                await using SdsServerProcess server = await SdsServerProcess.StartAsync(data, wait: false);
                return await FirstAnswerAsync(start, server.Address, envoy);
            },
            async () =>
            {
                using ReservedPort port = ReservedPort.Take();
                long start = Stopwatch.GetTimestamp();
                await using ChildProcess hello = await ChildProcess.StartAsync(
                    "dotnet", [typeof(HelloServer).Assembly.Location, HelloServer.Command, port.Number.ToString(CultureInfo.InvariantCulture)]);
                return await FirstAnswerAsync(start, port.Endpoint, envoy);
            });
        return
        [
            Outcome.Of("G15", "process start to first secret, store there", "bare Kestrel to its first answer", Target.Below(1.4), pairs, "ms"),
            Outcome.Of("G15", "process start to first secret, store there", "200 ms", Target.Below(1), [.. pairs.Select(pair => (pair.Ours, 200.0))], "ms"),
        ];
    }

    private static async Task<double> FirstAnswerAsync(long start, EndPoint server, RecordedEnvoy envoy)
    {
        while (true)
        {
            try
            {
                using Swarm one = await Swarm.ConnectAsync(new SwarmOptions(server, envoy) { Envoys = 1 });
                return Stopwatch.GetElapsedTime(start, one.Streams[0].ReceivedAt).TotalMilliseconds;
            }
            catch (SocketException) when (Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(30))
            {
                await Task.Delay(1);
            }
        }
    }
}
