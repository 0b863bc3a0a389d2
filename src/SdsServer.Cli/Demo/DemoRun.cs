using System.Globalization;
using SdsServer.Cli.Admin;
using SdsServer.Cli.Demo.Envoys;
using SdsServer.Cli.Output;

namespace SdsServer.Cli.Demo;

/// <summary>The demo from an empty directory to its last line.</summary>
internal sealed class DemoRun(Session session, DemoOptions options)
{
    private static readonly Dictionary<string, string> s_settings = new()
    {
        ["TrustDomain"] = "example.org",
    };

    /// <summary>Settings that are safe with the demo's sidecars only: they come back at once, while a real Envoy may take 30 s.</summary>
    internal static IReadOnlyDictionary<string, string> ShortWindows { get; } = new Dictionary<string, string>(s_settings)
    {
        ["Fleet:ReconnectWindow"] = "00:00:01",
        ["Fleet:ReconnectSpread"] = "00:00:01",
        ["Fleet:SuccessionWindow"] = "00:00:05",
        ["Fleet:AckTimeout"] = "00:00:05",
        ["Fleet:NackBackoff"] = "00:00:01",
    };

    private readonly TimeProvider _time = session.Host.Time;

    public async Task<int> RunAsync()
    {
        ServerProgramFile program = await ServerProgramFile.FindAsync(options.ServerPath, session.Host.Directory, session.Terminal.Say, session.Cancellation);
        DirectoryInfo data = Directory.CreateTempSubdirectory("sdsctl-demo-");
        try
        {
            await using ServerProcess server = ServerProcess.Start(program, data.FullName, options.WithEnvoy ? s_settings : ShortWindows);
            await server.WaitReadyAsync(_time, session.Cancellation);
            return await RunAsync(server, data.FullName);
        }
        finally
        {
            if (options.Keep)
            {
                session.Terminal.Say($"kept: {data.FullName}");
            }
            else
            {
                data.Delete(recursive: true);
            }
        }
    }

    private async Task<int> RunAsync(ServerProcess server, string folder)
    {
        DateTimeOffset started = session.Now;
        using AdminClient admin = new(server.AdminAddress, new TlsFiles(null, null, null), null, TimeSpan.FromSeconds(10), session.Cancellation);
        await using DemoFleet fleet = new();
        await fleet.StartAsync(admin, await admin.ParentAsync(), server.SdsAddress, options.Sidecars, _time);
        await using EnvoyPair? envoys = options.WithEnvoy
            ? await EnvoyPair.StartAsync(session.Host, admin, server.SdsSocket, folder, session.Cancellation)
            : null;
        HandshakeLoad load = new(fleet.Sidecars, options.Seed, _time);
        DemoState state = new(fleet, load, envoys, started);
        DemoStory story = new(state, admin, server, _time, session.Cancellation);
        using CancellationTokenSource viewEnds = CancellationTokenSource.CreateLinkedTokenSource(session.Cancellation);
        using CancellationTokenSource loadEnds = CancellationTokenSource.CreateLinkedTokenSource(session.Cancellation);
        Task view = session.Terminal.Format == OutputFormat.Json ? Task.CompletedTask : new DemoView(session.Terminal, state, _time).RunAsync(viewEnds.Token);
        Task workers = Task.CompletedTask;
        double rate = 0;
        try
        {
            await story.EnrolAsync();
            workers = Task.WhenAll(Enumerable.Range(0, options.Workers).Select(_ => Task.Run(() => load.RunAsync(loadEnds.Token))));
            envoys?.Begin();
            await story.WarmUpAsync();
            await story.RotateAsync();
            await story.RollBackAsync();
        }
        finally
        {
            rate = load.PerSecond;
            await loadEnds.CancelAsync();
            await workers.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await (envoys?.StopTrafficAsync() ?? Task.CompletedTask);
            await viewEnds.CancelAsync();
            await view.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            ShowFailures(load, envoys);
        }

        Summarize(state, story, rate);
        return load.Failed == 0 && envoys is null or { Failed: 0 } ? ExitCodes.Ok : ExitCodes.Failure;
    }

    private void ShowFailures(HandshakeLoad load, EnvoyPair? envoys)
    {
        if (envoys?.FirstFailure is { } first)
        {
            session.Host.Error.WriteLine($"failed through Envoy {first}");
        }

        foreach (HandshakeFailure failure in load.Failures)
        {
            session.Host.Error.WriteLine($"failed {failure}");
        }
    }

    private void Summarize(DemoState state, DemoStory story, double rate)
    {
        TimeSpan took = session.Now - state.Started;
        Terminal terminal = session.Terminal;
        if (terminal.Format == OutputFormat.Json)
        {
            terminal.Json(new System.Text.Json.Nodes.JsonObject
            {
                ["sidecars"] = options.Sidecars,
                ["seed"] = options.Seed,
                ["seconds"] = Math.Round(took.TotalSeconds, 1),
                ["acks"] = state.Fleet.Acks,
                ["nacks"] = state.Fleet.Nacks,
                ["rounds"] = state.Load.Rounds,
                ["handshakes"] = state.Load.Done,
                ["failed"] = state.Load.Failed,
                ["envoyRequests"] = state.Envoys?.Requests,
                ["envoyFailed"] = state.Envoys?.Failed,
            });
            return;
        }

        terminal.Line($"{options.Sidecars} sidecars took {state.Fleet.Acks} secrets over SDS, half by state of the world, half by delta; {state.Fleet.Nacks} NACKs");
        foreach (string outcome in story.Outcomes)
        {
            terminal.Line(outcome);
        }

        terminal.Line(string.Create(
            CultureInfo.InvariantCulture,
            $"each of the {state.Load.Pairs} ordered pairs shook hands at least {state.Load.Rounds} times; {rate:0} mTLS handshakes a second, seed {options.Seed}"));
        if (state.Envoys is { } envoys)
        {
            terminal.Line($"requests through a pair of real Envoys {envoys.Requests}, failed {envoys.Failed}");
        }

        terminal.Line($"handshakes {state.Load.Done}, failed {state.Load.Failed}");
    }
}
