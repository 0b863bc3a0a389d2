using System.Globalization;
using SdsServer.Testing.Processes;

namespace SdsServer.Testing.Envoy;

/// <summary>A real Envoy, started from a <see cref="Bootstrap"/> in a folder of its own. Not safe for concurrent use.</summary>
public sealed class EnvoySidecar : IAsyncDisposable
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(30);

    private readonly TemporaryDirectory _folder = new("envoy");
    private readonly EnvoyBinary _binary;
    private readonly SidecarOptions _options;
    private readonly string _bootstrap;
    private readonly List<ChildProcess> _processes = [];
    private EnvoyAdmin? _admin;
    private int _epoch;

    private EnvoySidecar(EnvoyBinary binary, Bootstrap bootstrap, SidecarOptions options)
    {
        _binary = options.Uid is null ? binary : binary with { Path = ReachableByOthers(binary.Path) };
        _options = options;
        _bootstrap = bootstrap.With("admin-port", $"{options.AdminPort}").WriteTo(_folder.Path);
        if (options.Uid is not null)
        {
            _folder.OpenToOthers();
        }
    }

    /// <summary>The admin port of the newest process.</summary>
    public EnvoyAdmin Admin => _admin ?? throw new InvalidOperationException("the sidecar is not running");

    /// <summary>Process id of the newest process.</summary>
    public int ProcessId => Current.Id;

    /// <summary>What all its processes wrote.</summary>
    public string Log => string.Concat(_processes.Select(process => process.Log));

    private ChildProcess Current => _processes[^1];

    /// <summary>Starts Envoy and returns as soon as its admin port answers, whatever state it is in.</summary>
    public static async Task<EnvoySidecar> StartAsync(
        EnvoyBinary binary, Bootstrap bootstrap, SidecarOptions? options = null, CancellationToken cancellation = default)
    {
        EnvoySidecar sidecar = new(binary, bootstrap, options ?? new SidecarOptions());
        try
        {
            await sidecar.LaunchAsync(cancellation);
            return sidecar;
        }
        catch
        {
            await sidecar.DisposeAsync();
            throw;
        }
    }

    /// <summary>Waits until Envoy has its secrets and serves.</summary>
    /// <exception cref="TimeoutException">Not within <paramref name="limit"/>, 30 s by default; the text has Envoy's log.</exception>
    public Task WhenLiveAsync(TimeSpan? limit = null, CancellationToken cancellation = default) => Condition.AwaitAsync(
        "Envoy to be LIVE", limit ?? StartLimit, async token => await Admin.StateAsync(token) == "LIVE", () => Log, cancellation);

    /// <summary>Ends it as systemd would.</summary>
    public async Task StopAsync(CancellationToken cancellation = default)
    {
        Current.Terminate();
        await Current.Exited.WaitAsync(StartLimit, cancellation);
    }

    /// <summary>kill -9.</summary>
    public async Task KillAsync(CancellationToken cancellation = default)
    {
        Current.Kill();
        await Current.Exited.WaitAsync(StartLimit, cancellation);
    }

    /// <summary>Starts it again after <see cref="StopAsync"/> or <see cref="KillAsync"/>: a new process that remembers nothing.</summary>
    public Task StartAgainAsync(CancellationToken cancellation = default)
    {
        _epoch = 0;
        return LaunchAsync(cancellation);
    }

    /// <summary>Starts a successor beside the running process. It takes over the sockets when it is LIVE.</summary>
    /// <returns>Done when the old process has ended, <see cref="SidecarOptions.ParentLifetime"/> after the successor is LIVE.</returns>
    public async Task<Task> HotRestartAsync(CancellationToken cancellation = default)
    {
        ChildProcess parent = Current;
        _epoch++;
        await LaunchAsync(cancellation);
        return parent.Exited;
    }

    public async ValueTask DisposeAsync()
    {
        _admin?.Dispose();
        foreach (ChildProcess process in _processes)
        {
            await process.DisposeAsync();
        }

        RemoveSharedMemory();
        _folder.Dispose();
    }

    private async Task LaunchAsync(CancellationToken cancellation)
    {
        string addressFile = _folder.PathOf($"admin-{_processes.Count}");
        string baseIdFile = _folder.PathOf("base-id");
        string[] family = _epoch == 0
            ? ["--use-dynamic-base-id", "--base-id-path", baseIdFile]
            : ["--base-id", await File.ReadAllTextAsync(baseIdFile, cancellation), "--restart-epoch", $"{_epoch}"];
        if (_epoch == 0)
        {
            RemoveSharedMemory();
        }

        int parentSeconds = (int)_options.ParentLifetime.TotalSeconds;
        string[] arguments =
        [
            "-c", _bootstrap, "--concurrency", "1", "--admin-address-path", addressFile,
            "--drain-time-s", "1", "--parent-shutdown-time-s", parentSeconds.ToString(CultureInfo.InvariantCulture), .. family,
        ];
        ChildProcess process = await ChildProcess.StartAsync(_binary.Path, arguments, new ChildOptions { Directory = _folder.Path, Uid = _options.Uid });
        _processes.Add(process);
        EnvoyAdmin admin = await Condition.AwaitAsync(
            $"{_binary} to open its admin port", StartLimit, token => ConnectAsync(process, addressFile, token), () => process.Log, cancellation);
        _admin?.Dispose();
        _admin = admin;
    }

    private async Task<EnvoyAdmin?> ConnectAsync(ChildProcess process, string addressFile, CancellationToken cancellation)
    {
        if (!process.IsRunning)
        {
            await process.Exited;
            throw new InvalidOperationException($"{_binary} ended with {process.ExitCode} at start:{Environment.NewLine}{process.Log}");
        }

        string address = File.Exists(addressFile) ? await File.ReadAllTextAsync(addressFile, cancellation) : "";
        if (address.Length == 0)
        {
            return null;
        }

        EnvoyAdmin admin = new(address);
        try
        {
            _ = await admin.StateAsync(cancellation);
            return admin;
        }
        catch
        {
            admin.Dispose();
            throw;
        }
    }

    // A killed Envoy leaves the memory it shares with its successors behind.
    private void RemoveSharedMemory()
    {
        if (File.Exists(_folder.PathOf("base-id")))
        {
            File.Delete($"/dev/shm/envoy_shared_memory_{File.ReadAllText(_folder.PathOf("base-id"))}0");
        }
    }

    // The executable may lie under a home folder that is closed to others.
    private string ReachableByOthers(string path)
    {
        string copy = _folder.PathOf("envoy");
        File.Copy(path, copy);
        return copy;
    }
}
