using System.Collections.Concurrent;
using System.Diagnostics;
using System.Runtime.InteropServices;
using Google.Protobuf.Reflection;
using SdsServer.Grpc;
using SdsServer.Grpc.Client;
using SdsServer.Grpc.Health.V1;
using ServingStatus = SdsServer.Grpc.Health.V1.HealthCheckResponse.Types.ServingStatus;

namespace SdsServer.Cli.Demo;

/// <summary>The real server as a child process, on a data directory of its own.</summary>
internal sealed class ServerProcess : IAsyncDisposable
{
    private const int Terminate = 15;
    private const int KeptLines = 20;
    private static readonly TimeSpan s_startLimit = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan s_lastWords = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan s_stopLimit = TimeSpan.FromSeconds(10);
    private static readonly GrpcMethod<HealthCheckRequest, HealthCheckResponse> s_check =
        new(HealthReflection.Descriptor.FindTypeByName<ServiceDescriptor>("Health"), "Check");

    private readonly Process _process;
    private readonly ConcurrentQueue<string> _lines = [];
    private readonly StreamWriter _log;

    private ServerProcess(Process process, string dataDirectory)
    {
        _process = process;
        LogFile = Path.Combine(dataDirectory, "server.log");
        _log = new StreamWriter(LogFile, append: true) { AutoFlush = true };
        AdminAddress = $"unix://{Path.Combine(dataDirectory, "admin.sock")}";
        SdsSocket = Path.Combine(dataDirectory, "sds.sock");
        process.OutputDataReceived += (_, line) => Keep(line.Data);
        process.ErrorDataReceived += (_, line) => Keep(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    public string AdminAddress { get; }

    /// <summary>Path of the Unix socket for proxies.</summary>
    public string SdsSocket { get; }

    public string SdsAddress => $"unix://{SdsSocket}";

    public string LogFile { get; }

    public bool HasExited => _process.HasExited;

    /// <summary>Starts it with nothing but the settings given: what the caller's environment says about SdsServer is not for this one.</summary>
    public static ServerProcess Start(ServerProgramFile program, string dataDirectory, IReadOnlyDictionary<string, string> settings)
    {
        ProcessStartInfo start = program.StartInfo();
        start.WorkingDirectory = dataDirectory;
        start.RedirectStandardOutput = true;
        start.RedirectStandardError = true;
        foreach (string inherited in start.Environment.Keys.Where(key => key.StartsWith("SdsServer__", StringComparison.OrdinalIgnoreCase)).ToList())
        {
            start.Environment.Remove(inherited);
        }

        foreach ((string key, string value) in settings)
        {
            start.Environment[$"SdsServer__{key.Replace(":", "__", StringComparison.Ordinal)}"] = value;
        }

        start.Environment["SdsServer__DataDirectory"] = dataDirectory;
        return new ServerProcess(Process.Start(start)!, dataDirectory);
    }

    /// <summary>Waits until both sockets say that they serve.</summary>
    /// <exception cref="CliException">It ended, or did not come up in time.</exception>
    public async Task WaitReadyAsync(TimeProvider time, CancellationToken cancellation)
    {
        using CancellationTokenSource limit = new(s_startLimit, time);
        using CancellationTokenSource ended = CancellationTokenSource.CreateLinkedTokenSource(cancellation, limit.Token);
        try
        {
            foreach (string address in (string[])[AdminAddress, SdsAddress])
            {
                using GrpcChannel channel = GrpcChannel.ForAddress(address);
                while (!await ServesAsync(channel, ended.Token))
                {
                    await ThrowIfExitedAsync();
                    await Task.Delay(TimeSpan.FromMilliseconds(50), time, ended.Token);
                }
            }
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new CliException(ExitCodes.Failure, $"the server was not ready within {s_startLimit.TotalSeconds:0} s; its last lines:{LastLines()}");
        }
    }

    /// <exception cref="CliException">The server is gone.</exception>
    public async Task ThrowIfExitedAsync()
    {
        if (_process.HasExited)
        {
            // Its last words may still be under way.
            using CancellationTokenSource limit = new(s_lastWords);
            await _process.WaitForExitAsync(limit.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            throw new CliException(ExitCodes.Failure, $"the server ended with exit code {_process.ExitCode}; its last lines:{LastLines()}");
        }
    }

    /// <summary>Ends it at once, as a crash does: it says, writes and closes nothing any more.</summary>
    public void Kill() => _process.Kill();

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            if (OperatingSystem.IsWindows() || SendSignal(_process.Id, Terminate) != 0)
            {
                _process.Kill();
            }

            using CancellationTokenSource limit = new(s_stopLimit);
            await _process.WaitForExitAsync(limit.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (!_process.HasExited)
            {
                _process.Kill();
                await _process.WaitForExitAsync();
            }
        }

        _process.Dispose();
        await _log.DisposeAsync();
    }

    private static async Task<bool> ServesAsync(GrpcChannel channel, CancellationToken cancellation)
    {
        try
        {
            HealthCheckResponse health = await channel.UnaryAsync(s_check, new HealthCheckRequest(), new CallOptions(CancellationToken: cancellation));
            return health.Status == ServingStatus.Serving;
        }
        catch (RpcException)
        {
            return false;
        }
    }

    private void Keep(string? line)
    {
        if (line is null)
        {
            return;
        }

        _lines.Enqueue(line);
        while (_lines.Count > KeptLines)
        {
            _lines.TryDequeue(out _);
        }

        lock (_log)
        {
            _log.WriteLine(line);
        }
    }

    private string LastLines() => string.Concat(_lines.Select(line => $"{Environment.NewLine}  {line}"));

    [DllImport("libc", EntryPoint = "kill")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int SendSignal(int process, int signal);
}
