using System.Globalization;
using System.Net;
using System.Net.Sockets;
using SdsServer.Benchmarks.Envoys;
using SdsServer.Benchmarks.Measuring;
using SdsServer.Benchmarks.Servers;

namespace SdsServer.Benchmarks.Load;

/// <summary>Holds streams to any SDS server and prints what comes.</summary>
internal static class LoadCommand
{
    private static readonly TimeSpan Quiet = TimeSpan.FromMilliseconds(300);

    public static async Task<int> RunAsync(Options options)
    {
        RecordedEnvoy envoy = RecordedEnvoy.Load(options.Delta ? XdsDialect.Delta : XdsDialect.Sotw, options.Envoy);
        SwarmOptions shape = new(Address(options.Server ?? throw new ArgumentException("load needs --server")), envoy)
        {
            Envoys = options.Streams,
            Secrets = [.. options.Secrets],
            EnvoysPerConnection = options.EnvoysPerConnection,
        };
        Console.WriteLine($"{envoy.Source}; {shape.Envoys} Envoys, {shape.Secrets.Length} streams each, {shape.EnvoysPerConnection} to a connection");
        TimeSpan before = Cpu(options);
        using Swarm swarm = await Swarm.ConnectAsync(shape);
        Print("connected", swarm.Streams.Count, Cpu(options) - before, options);
        using Swarm? stuck = options.Stuck == 0 ? null : await Swarm.ConnectAsync(shape with { Envoys = options.Stuck, NodePrefix = "stuck" });
        stuck?.Freeze();
        using CancellationTokenSource stop = new();
        Console.CancelKeyPress += (_, pressed) =>
        {
            pressed.Cancel = true;
            stop.Cancel();
        };
        while (!stop.IsCancellationRequested)
        {
            await PrintPushAsync(swarm, options, stop.Token);
        }

        return 0;
    }

    /// <summary>What comes without a pause is one push; its latencies count from its first response, for the trigger is not known here.</summary>
    private static async Task PrintPushAsync(Swarm swarm, Options options, CancellationToken stop)
    {
        PushStart start = swarm.Mark();
        TimeSpan before = Cpu(options);
        long seen = swarm.Received, first = seen;
        while (true)
        {
            await Task.Delay(Quiet, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (stop.IsCancellationRequested || (swarm.Received == seen && seen > first))
            {
                break;
            }

            before = swarm.Received == first ? Cpu(options) : before;
            seen = swarm.Received;
        }

        if (seen == first)
        {
            return;
        }

        List<SecretStream> reached = [.. start.Streams.Where(it => it.Stream.Received > it.Received).Select(it => it.Stream)];
        long began = reached.Min(stream => stream.ReceivedAt);
        Series times = new(reached.Select(stream => System.Diagnostics.Stopwatch.GetElapsedTime(began, stream.ReceivedAt).TotalMilliseconds));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"push to {reached.Count} of {swarm.Streams.Count} streams, {reached[0].Size} bytes: p50 {times.Median:F1} ms, p99 {times.P99:F1} ms, last {times.Max:F1} ms after the first"));
        Print("push", (int)(seen - first), Cpu(options) - before, options);
    }

    private static TimeSpan Cpu(Options options) => options.Pid == 0 ? TimeSpan.Zero : ProcessUsage.Cpu(options.Pid);

    private static void Print(string what, int messages, TimeSpan cpu, Options options) => Console.WriteLine(options.Pid == 0
        ? $"{what}: {messages} messages"
        : string.Create(CultureInfo.InvariantCulture,
            $"{what}: {messages} messages, server CPU {cpu.TotalMicroseconds / messages:F1} us a message, resident {ProcessUsage.ResidentKiB(options.Pid) / 1024.0:F1} MiB"));

    private static EndPoint Address(string text) => IPEndPoint.TryParse(text, out IPEndPoint? endpoint) ? endpoint : new UnixDomainSocketEndPoint(text);
}
