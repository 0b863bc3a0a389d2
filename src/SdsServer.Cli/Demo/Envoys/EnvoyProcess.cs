using System.Diagnostics;

namespace SdsServer.Cli.Demo.Envoys;

/// <summary>One Envoy as a child process.</summary>
internal sealed class EnvoyProcess : IAsyncDisposable
{
    private readonly Process _process;
    private readonly string _logFile;

    private EnvoyProcess(Process process, string logFile) => (_process, _logFile) = (process, logFile);

    public static async Task<EnvoyProcess> StartAsync(string program, string name, string bootstrap, string folder)
    {
        string file = Path.Combine(folder, $"{name}.yaml");
        // Holds a token.
        await using (FileStream stream = new(file, PrivateFile.New))
        await using (StreamWriter writer = new(stream))
        {
            await writer.WriteAsync(bootstrap);
        }

        string log = Path.Combine(folder, $"{name}.log");
        return new(Process.Start(new ProcessStartInfo(program, ["-c", file, "--concurrency", "1", "--use-dynamic-base-id", "--log-path", log, "-l", "warning"]))!, log);
    }

    /// <exception cref="CliException">It is gone.</exception>
    public void ThrowIfExited()
    {
        if (_process.HasExited)
        {
            string log = File.Exists(_logFile) ? string.Join(Environment.NewLine, File.ReadLines(_logFile).TakeLast(10)) : "no log";
            throw new CliException(ExitCodes.Failure, $"an Envoy ended with exit code {_process.ExitCode}:{Environment.NewLine}{log}");
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            await _process.WaitForExitAsync();
        }

        _process.Dispose();
    }
}
