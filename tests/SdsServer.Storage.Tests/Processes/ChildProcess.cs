using System.Diagnostics;

namespace SdsServer.Storage.Tests.Processes;

/// <summary>This test program, started again as a process of its own.</summary>
internal sealed class ChildProcess : IDisposable
{
    private readonly Process _process;

    public ChildProcess(string mode, string dataDirectory)
    {
        ProcessStartInfo start = new("dotnet") { RedirectStandardOutput = true };
        foreach (string argument in (string[])["exec", typeof(ChildProcess).Assembly.Location, mode, dataDirectory])
        {
            start.ArgumentList.Add(argument);
        }

        _process = Process.Start(start)!;
    }

    /// <summary>The next complete lines; fewer when the process has ended.</summary>
    public async Task<List<string>> ReadLinesAsync(int count)
    {
        using CancellationTokenSource limit = new(TimeSpan.FromMinutes(1));
        List<string> lines = [];
        while (lines.Count < count && await _process.StandardOutput.ReadLineAsync(limit.Token) is { } line)
        {
            lines.Add(line);
        }

        return lines;
    }

    /// <summary>SIGKILL; then the complete lines that were still on their way.</summary>
    public async Task<List<string>> KillAsync()
    {
        _process.Kill();
        string rest = await _process.StandardOutput.ReadToEndAsync();
        await _process.WaitForExitAsync();
        return [.. rest.Split('\n').SkipLast(1)];
    }

    public void Dispose()
    {
        _process.Kill();
        _process.Dispose();
    }
}
