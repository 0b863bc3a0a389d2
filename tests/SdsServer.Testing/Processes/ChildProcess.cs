using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;
using SdsServer.Testing.Leaks;

namespace SdsServer.Testing.Processes;

/// <summary>A real program under test. It dies with this process, however this process dies (where <c>setpriv</c> exists).</summary>
public sealed class ChildProcess : IAsyncDisposable
{
    private const int Sigterm = 15;
    private static readonly string? Setpriv = Programs.Find("setpriv");

    private readonly Process _process;
    private readonly string _name;
    private readonly StringBuilder _log = new();
    private readonly Lock _logging = new();

    private ChildProcess(Process process, string name)
    {
        (_process, _name) = (process, name);
        Exited = Task.WhenAll(CollectAsync(process.StandardOutput), CollectAsync(process.StandardError), process.WaitForExitAsync());
    }

    public int Id => _process.Id;

    /// <summary>Done when the process has ended and its output is read to the end.</summary>
    public Task Exited { get; }

    /// <summary>Its exit code; more than 128 when a signal ended it. Only after <see cref="Exited"/>.</summary>
    public int ExitCode => _process.ExitCode;

    public bool IsRunning => !_process.HasExited;

    /// <summary>What it wrote so far, both streams.</summary>
    public string Log
    {
        get
        {
            lock (_logging)
            {
                return _log.ToString();
            }
        }
    }

    /// <param name="program">Path of the executable.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <param name="options">Folder, environment and user; null for this process's own.</param>
    public static async Task<ChildProcess> StartAsync(string program, IEnumerable<string> arguments, ChildOptions? options = null)
    {
        options ??= new ChildOptions();
        ProcessStartInfo command = new(Setpriv ?? program)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
            WorkingDirectory = options.Directory ?? Path.GetTempPath(),
        };
        foreach (string argument in (IEnumerable<string>)[.. Wrapping(program, options), .. arguments])
        {
            command.ArgumentList.Add(argument);
        }

        foreach ((string name, string? value) in options.Environment)
        {
            command.Environment[name] = value;
        }

        string what = arguments.FirstOrDefault(static argument => argument.EndsWith(".dll", StringComparison.Ordinal)) ?? program;
        return new ChildProcess(await ProcessLauncher.StartAsync(command), Path.GetFileName(what));
    }

    /// <summary>kill -9.</summary>
    public void Kill() => _process.Kill();

    /// <summary>SIGTERM.</summary>
    public void Terminate()
    {
        if (IsRunning)
        {
            _ = Signal(_process.Id, Sigterm);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (IsRunning)
        {
            Kill();
        }

        await Exited;
        _process.Dispose();
    }

    private static string[] Wrapping(string program, ChildOptions options) => (Setpriv, options.Uid) switch
    {
        (null, null) => [],
        (null, _) => throw new PlatformNotSupportedException("running a program as another user needs setpriv (util-linux)"),
        (_, null) => ["--pdeathsig", "KILL", "--", program],
        (_, { } uid) => [$"--reuid={uid}", $"--regid={uid}", "--clear-groups", "--pdeathsig", "KILL", "--", program],
    };

    private async Task CollectAsync(StreamReader output)
    {
        while (await output.ReadLineAsync() is { } line)
        {
            lock (_logging)
            {
                _log.AppendLine(line);
            }

            RunOutput.Write(_name, line);
        }
    }

    [DllImport("libc", EntryPoint = "kill")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Signal(int pid, int signal);
}
