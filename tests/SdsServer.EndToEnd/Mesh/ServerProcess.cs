using System.Net;
using SdsServer.Testing;
using SdsServer.Testing.Envoy;
using SdsServer.Testing.Pki;
using SdsServer.Testing.Processes;

namespace SdsServer.EndToEnd.Mesh;

/// <summary>The real server in a process and a data directory of its own. It can be killed and started again on what it left.</summary>
internal sealed class ServerProcess : IAsyncDisposable
{
    /// <summary>The name in the certificate it serves xDS with.</summary>
    public const string TlsName = "sds.example.org";

    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(180);

    private readonly TemporaryDirectory _folder = new("sds");
    private readonly ScratchAuthority _servingAuthority = new("sds serving root");
    private readonly ReservedPort _port = ReservedPort.Take();
    private readonly List<ChildProcess> _processes = [];
    private readonly string[] _arguments;

    private ServerProcess(IEnumerable<string> settings, bool ownServing)
    {
        (string chain, string key) = _servingAuthority.Issue(dns: [TlsName, "localhost"]);
        File.WriteAllText(_folder.PathOf("serving.pem"), chain);
        _folder.WritePrivate("serving.key", key);
        File.WriteAllText(RootFile, _servingAuthority.RootPem);
        Directory.CreateDirectory(AnchorsDirectory);
        File.WriteAllText(AnchorsSecretFile, Bootstrap.Anchors(AnchorsDirectory, AnchorsFile));
        _folder.OpenToOthers();
        _arguments =
        [
            Program, $"--data={_folder.PathOf("data")}",
            $"--SdsServer:Xds:Socket={Socket}", "--SdsServer:Xds:SocketMode=0666",
            $"--SdsServer:Xds:Tcp={_port.Endpoint}",
            .. ownServing
                ? new[] { $"--SdsServer:Xds:ServingNames:0={TlsName}", "--SdsServer:Xds:ServingNames:1=localhost", $"--SdsServer:Xds:AnchorsFile={AnchorsFile}" }
                : [$"--SdsServer:Xds:CertificateFile={_folder.PathOf("serving.pem")}", $"--SdsServer:Xds:KeyFile={_folder.PathOf("serving.key")}"],
            .. settings.Select(setting => $"--SdsServer:{setting}"),
        ];
    }

    /// <summary>The Unix socket sidecars connect to.</summary>
    public string Socket => _folder.PathOf("sds.sock");

    /// <summary>The Unix socket operators connect to.</summary>
    public string AdminSocket => _folder.PathOf("data/admin.sock");

    /// <summary>Where it serves xDS over TLS.</summary>
    public IPEndPoint Tcp => _port.Endpoint;

    /// <summary>The root that vouches for its TLS certificate, as PEM.</summary>
    public string RootFile => _folder.PathOf("serving-root.pem");

    /// <summary>The directory of <see cref="AnchorsFile"/>, with nothing else in it.</summary>
    public string AnchorsDirectory => _folder.PathOf("anchors");

    /// <summary>Where it keeps the roots by which it is known, if it issues its serving certificate itself.</summary>
    public string AnchorsFile => Path.Combine(AnchorsDirectory, "anchors.pem");

    /// <summary>What sidecars follow to read <see cref="AnchorsFile"/>.</summary>
    public string AnchorsSecretFile => _folder.PathOf("sds-anchors.yaml");

    /// <summary>What all its processes wrote.</summary>
    public string Log => string.Concat(_processes.Select(process => process.Log));

    // SDSSERVER_E2E_SERVER: another build, to see whether this suite notices what is wrong with it.
    private static string Program => Environment.GetEnvironmentVariable("SDSSERVER_E2E_SERVER")
        ?? Path.Combine(RepositoryRoot.Path, ".artifacts", "bin", "SdsServer", Path.GetFileName(Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory)), "SdsServer.dll");

    private static string Dotnet => Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? Programs.Find("dotnet") ?? "dotnet";

    private ChildProcess Current => _processes[^1];

    /// <param name="settings"><c>Section:Key=VALUE</c>, below <c>SdsServer</c>.</param>
    /// <param name="ownServing">It issues its serving certificate itself.</param>
    public static async Task<ServerProcess> StartAsync(IEnumerable<string> settings, bool ownServing = false)
    {
        ServerProcess server = new(settings, ownServing);
        try
        {
            await server.StartAgainAsync();
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>kill -9.</summary>
    public async Task KillAsync()
    {
        Current.Kill();
        await Current.Exited.WaitAsync(StartLimit);
    }

    /// <summary>Starts a process on the data directory and waits until it serves.</summary>
    public async Task StartAgainAsync()
    {
        ChildProcess process = await ChildProcess.StartAsync(Dotnet, _arguments);
        _processes.Add(process);
        await Condition.AwaitAsync("the server to be ready", StartLimit, async _ =>
        {
            if (!process.IsRunning)
            {
                await process.Exited;
                throw new InvalidOperationException($"the server ended with {process.ExitCode}:{Environment.NewLine}{process.Log}");
            }

            return process.Log.Contains("ready: trust domain", StringComparison.Ordinal);
        }, () => process.Log);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (ChildProcess process in _processes)
        {
            await process.DisposeAsync();
        }

        _servingAuthority.Dispose();
        _port.Dispose();
        _folder.Dispose();
    }
}
