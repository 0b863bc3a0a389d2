using System.Diagnostics;
using System.Text;

namespace SdsServer.Testing;

/// <summary>A program started by a test; its output is kept, and it is killed on dispose.</summary>
public sealed class RealProgram : IAsyncDisposable
{
    private readonly Process _process;
    private readonly StringBuilder _output = new();
    private readonly Lock _writing = new();

    private RealProgram(string path, IEnumerable<string> arguments, string? folder)
    {
        _process = new Process
        {
            StartInfo = new ProcessStartInfo(path, arguments)
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
                WorkingDirectory = folder ?? Path.GetTempPath(),
            },
        };
        _process.OutputDataReceived += Keep;
        _process.ErrorDataReceived += Keep;
    }

    public int ProcessId => _process.Id;

    public bool HasExited => _process.HasExited;

    /// <summary>Standard output and error so far.</summary>
    public string Output
    {
        get
        {
            lock (_writing)
            {
                return _output.ToString();
            }
        }
    }

    /// <summary>Starts a program, by name as <see cref="Programs.Find"/> knows it or by path.</summary>
    public static RealProgram Start(string program, IEnumerable<string> arguments, string? folder = null)
    {
        RealProgram started = new(Programs.Find(program) ?? program, arguments, folder);
        started._process.Start();
        started._process.BeginOutputReadLine();
        started._process.BeginErrorReadLine();
        return started;
    }

    /// <summary>Runs a program to its end.</summary>
    /// <exception cref="TimeoutException">It did not end; its output is in the message.</exception>
    public static async Task<(int ExitCode, string Output)> RunAsync(
        string program, IEnumerable<string> arguments, TimeSpan timeout, string? folder = null)
    {
        await using RealProgram run = Start(program, arguments, folder);
        using CancellationTokenSource late = new(timeout);
        try
        {
            await run._process.WaitForExitAsync(late.Token);
        }
        catch (OperationCanceledException)
        {
            throw new TimeoutException($"{program} did not end within {timeout}. It wrote: {run.Output}");
        }

        return (run._process.ExitCode, run.Output);
    }

    /// <summary>Ends it as kill -9 does.</summary>
    public void Kill() => _process.Kill(entireProcessTree: true);

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            Kill();
            await _process.WaitForExitAsync();
        }

        _process.Dispose();
    }

    private void Keep(object sender, DataReceivedEventArgs line)
    {
        // Null is the end of a stream.
        if (line.Data is null)
        {
            return;
        }

        lock (_writing)
        {
            _output.AppendLine(line.Data);
        }
    }
}
