using System.Net;
using System.Net.Sockets;
using SdsServer.Testing;
using SdsServer.Testing.Processes;

namespace SdsServer.Benchmarks.Servers;

/// <summary>The server as it is shipped, in dev mode on loopback, with a store of its own.</summary>
internal sealed class SdsServerProcess : ServerUnderTest
{
    private readonly TemporaryDirectory? _ownDirectory;
    private readonly ReservedPort _port;

    private SdsServerProcess(ChildProcess process, ReservedPort port, string data, TemporaryDirectory? ownDirectory)
        : base(process, port.Endpoint)
    {
        (_port, _ownDirectory) = (port, ownDirectory);
        Socket = new UnixDomainSocketEndPoint(Path.Combine(data, "sds.sock"));
        Admin = new AdminApi(Path.Combine(data, "admin.sock"));
    }

    /// <summary>The release build, or, to compare two, the one that <c>SDSSERVER_DLL</c> names.</summary>
    public static string Program { get; } = Environment.GetEnvironmentVariable("SDSSERVER_DLL") ?? Path.Combine(RepositoryRoot.Path, ".artifacts", "bin", "SdsServer", "release", "SdsServer.dll");

    /// <summary>The Unix socket; <see cref="ServerUnderTest.Address"/> is the TCP address.</summary>
    public UnixDomainSocketEndPoint Socket { get; }

    public AdminApi Admin { get; }

    /// <param name="data">A data directory that stays; null for one that goes with the server.</param>
    /// <param name="wait">Whether to wait until it accepts connections.</param>
    public static async Task<SdsServerProcess> StartAsync(string? data = null, bool wait = true)
    {
        if (!File.Exists(Program))
        {
            throw new InvalidOperationException($"{Program} is not there; build it: dotnet build -c Release src/SdsServer");
        }

        ReservedPort port = ReservedPort.Take();
        TemporaryDirectory? own = data is null ? new TemporaryDirectory("sdsbench") : null;
        data ??= own!.PathOf("data");
        ChildProcess process = await ChildProcess.StartAsync("dotnet",
        [
            Program,
            "--dev",
            $"--data={data}",
            $"--SdsServer:Xds:Tcp={port.Endpoint}",
            "--SdsServer:Fleet:ReconnectWindow=00:00:01",
            "--SdsServer:Rotation:TrustSoak=00:00:00",
            "--SdsServer:Rotation:DropSoak=00:00:00",
        ]);
        SdsServerProcess server = new(process, port, data, own);
        if (wait)
        {
            await WaitAsync(process, () => AcceptsAsync(server.Address), "SdsServer");
        }

        return server;
    }

    public override async ValueTask DisposeAsync()
    {
        Admin.Dispose();
        await base.DisposeAsync();
        _port.Dispose();
        _ownDirectory?.Dispose();
    }
}
