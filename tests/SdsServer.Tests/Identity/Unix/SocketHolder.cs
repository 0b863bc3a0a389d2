using System.Globalization;
using SdsServer.Grpc.Client;
using SdsServer.Identity;
using SdsServer.Testing;
using SdsServer.Testing.Processes;
using SdsServer.Tests.Identity.X509;

namespace SdsServer.Tests.Identity.Unix;

/// <summary>
/// A process of some user that connects to the server's Unix socket, and a second one that has the descriptor of that connection and uses it for whoever
/// connects to it in turn: this test.
/// </summary>
internal sealed class SocketHolder : IAsyncDisposable
{
    private const string Program = """
        import os, signal, socket, sys, threading
        server, own, holder = sys.argv[1], sys.argv[2], int(sys.argv[3])
        listening = socket.socket(socket.AF_UNIX)
        listening.bind(own)
        os.chmod(own, 0o777)
        listening.listen()
        connection = socket.socket(socket.AF_UNIX)
        connection.connect(server)
        if os.fork():
            print('connected', flush=True)
            signal.pause()
        os.setuid(holder)
        nothing = os.open('/dev/null', os.O_RDWR)
        for stream in range(3):
            os.dup2(nothing, stream)
        listening.settimeout(120)
        caller, _ = listening.accept()
        caller.settimeout(None)
        def pump(a, b):
            try:
                while data := a.recv(65536):
                    b.sendall(data)
            except OSError:
                pass
            os._exit(0)
        threading.Thread(target=pump, args=(connection, caller)).start()
        pump(caller, connection)
        """;

    private readonly TemporaryDirectory _directory;
    private readonly ChildProcess _connector;

    private SocketHolder(TemporaryDirectory directory, ChildProcess connector)
    {
        (_directory, _connector) = (directory, connector);
        Peer = PeerProcess.Find(connector.Id)?.ToString() ?? "";
        Executable = File.ResolveLinkTarget($"/proc/{connector.Id.ToString(CultureInfo.InvariantCulture)}/exe", returnFinalTarget: false)?.FullName ?? "";
    }

    /// <summary>The process that has connected, as the server names it.</summary>
    public string Peer { get; }

    /// <summary>What it runs.</summary>
    public string Executable { get; }

    /// <param name="uid">Who connects.</param>
    /// <param name="holder">Who has the descriptor then.</param>
    public static async Task<SocketHolder> StartAsync(string socket, int uid, int holder)
    {
        (TemporaryDirectory directory, ChildProcess connector) = await RunAsync(socket, uid, holder);
        await Condition.AwaitAsync("the connection", MtlsHost.Limit, _ => Task.FromResult(connector.Log.Contains("connected", StringComparison.Ordinal)), () => connector.Log);
        return new SocketHolder(directory, connector);
    }

    /// <summary>What a user is told who may not connect.</summary>
    public static async Task<string> FailsAsync(string socket, int uid)
    {
        (TemporaryDirectory directory, ChildProcess connector) = await RunAsync(socket, uid, uid);
        using TemporaryDirectory own = directory;
        await using ChildProcess ending = connector;
        await connector.Exited.WaitAsync(MtlsHost.Limit);
        return connector.Log;
    }

    /// <summary>The connection of the holder; once.</summary>
    public GrpcChannel Connect() => GrpcChannel.ForAddress($"unix://{_directory.PathOf("holder.sock")}", new GrpcChannelOptions { SingleConnection = true });

    /// <summary>The process that has connected ends; the connection stays open, in the hands of the holder.</summary>
    public async Task EndConnectorAsync()
    {
        _connector.Kill();
        await _connector.Exited.WaitAsync(MtlsHost.Limit);
    }

    public async ValueTask DisposeAsync()
    {
        await _connector.DisposeAsync();
        _directory.Dispose();
    }

    private static async Task<(TemporaryDirectory Directory, ChildProcess Connector)> RunAsync(string socket, int uid, int holder)
    {
        TemporaryDirectory directory = new("sdsserver-holder");
        directory.OpenToOthers();
        ChildProcess connector = await ChildProcess.StartAsync(
            OtherUserFactAttribute.Python, ["-c", Program, socket, directory.PathOf("holder.sock"), holder.ToString(CultureInfo.InvariantCulture)], new ChildOptions { Uid = uid });
        return (directory, connector);
    }
}
