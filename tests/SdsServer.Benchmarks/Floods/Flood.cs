using System.Net;
using System.Net.Sockets;
using SdsServer.Benchmarks.Envoys;
using SdsServer.Benchmarks.Http2;

namespace SdsServer.Benchmarks.Floods;

/// <summary>A hostile client that does one thing over and over, on new connections when its own are cut.</summary>
internal sealed class Flood(EndPoint server, FloodKind kind, RecordedEnvoy envoy)
{
    private const int Connections = 4;
    private const int IdleConnections = 2_000;

    private long _cut;

    /// <summary>Connections that the server has closed.</summary>
    public long Cut => Interlocked.Read(ref _cut);

    /// <summary>It holds connections and does nothing on them.</summary>
    public static bool IsIdle(FloodKind kind) => kind is FloodKind.HalfOpen or FloodKind.Silent;

    /// <summary>Runs until it is stopped.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        try
        {
            await Task.WhenAll(Enumerable.Range(0, IsIdle(kind) ? IdleConnections : Connections).Select(_ => Task.Run(() => AgainAndAgainAsync(stop), stop)));
        }
        catch (OperationCanceledException)
        {
        }
    }

    private async Task AgainAndAgainAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            using Socket socket = new(server.AddressFamily, SocketType.Stream, server is IPEndPoint ? ProtocolType.Tcp : ProtocolType.Unspecified);
            try
            {
                if (kind == FloodKind.HalfMessages)
                {
                    await BeginAsync(stop);
                }
                else
                {
                    await socket.ConnectAsync(server, stop);
                    await AttackAsync(socket, stop);
                }
            }
            catch (SocketException)
            {
                Interlocked.Increment(ref _cut);
            }

            // One who is cut off comes back at once, but not in a loop without end on a server that refuses connections.
            await Task.Delay(1, stop);
        }
    }

    private async Task BeginAsync(CancellationToken stop)
    {
        const int streams = 1_000;
        using Http2Connection connection = await Http2Connection.ConnectAsync(server, stop);
        byte[] headers = HeaderBlock.EnvoyRequest(envoy.Dialect.Path), half = new byte[100_000];
        for (int stream = 0; stream < streams; stream++)
        {
            connection.Open(headers, half, static _ => null, withheld: 1_000);
        }

        while (connection.Ended is null)
        {
            await Task.Delay(100, stop);
        }

        Interlocked.Increment(ref _cut);
    }

    private async Task AttackAsync(Socket socket, CancellationToken stop)
    {
        FrameBuffer frames = new();
        if (kind != FloodKind.Silent)
        {
            frames.Preface(streamWindow: 65_535);
            await SendAsync(socket, frames, stop);
        }

        Task reading = kind is FloodKind.Ping or FloodKind.Settings ? Task.CompletedTask : DrainAsync(socket, stop);
        switch (kind)
        {
            case FloodKind.HalfOpen or FloodKind.Silent:
                await reading;
                if (!stop.IsCancellationRequested)
                {
                    Interlocked.Increment(ref _cut);
                }

                break;
            case FloodKind.Continuation:
                frames.Frame(FrameType.Headers, 0, 1, HeaderBlock.EnvoyRequest(envoy.Dialect.Path));
                await RepeatAsync(socket, frames, _ => frames.Frame(FrameType.Continuation, 0, 1, HeaderBlock.Encode([("x", "y")])), stop);
                break;
            case FloodKind.RapidReset:
                byte[] headers = HeaderBlock.EnvoyRequest(envoy.Dialect.Path);
                await RepeatAsync(
                    socket,
                    frames,
                    turn =>
                    {
                        frames.Frame(FrameType.Headers, FrameBuffer.EndHeaders, (2 * turn) + 1, headers);
                        frames.Frame(FrameType.ResetStream, 0, (2 * turn) + 1, [0, 0, 0, 8]);
                    },
                    stop);
                break;
            case FloodKind.MadeYouReset:
                byte[] request = HeaderBlock.EnvoyRequest(envoy.Dialect.Path);
                await RepeatAsync(
                    socket,
                    frames,
                    turn =>
                    {
                        // An increment of 0 is a stream error (RFC 9113 section 6.9).
                        frames.Frame(FrameType.Headers, FrameBuffer.EndHeaders, (2 * turn) + 1, request);
                        frames.WindowUpdate((2 * turn) + 1, 0);
                    },
                    stop);
                break;
            case FloodKind.Ping:
                await RepeatAsync(socket, frames, _ => frames.Frame(FrameType.Ping, 0, 0, [1, 2, 3, 4, 5, 6, 7, 8]), stop);
                break;
            case FloodKind.Settings:
                await RepeatAsync(socket, frames, turn => frames.StreamWindow(65_535 + (turn % 2)), stop);
                break;
            default:
                byte[] message = envoy.FirstRequest("ROOTCA", "hostile");
                byte[] framed = [0, .. BitConverter.GetBytes(IPAddress.HostToNetworkOrder(message.Length)), .. message];
                frames.Frame(FrameType.Headers, FrameBuffer.EndHeaders, 1, HeaderBlock.EnvoyRequest(envoy.Dialect.Path));
                await RepeatAsync(
                    socket,
                    frames,
                    _ =>
                    {
                        foreach (byte[] piece in framed.Chunk(FrameBuffer.MaxPayload))
                        {
                            frames.Frame(FrameType.Data, 0, 1, piece);
                        }
                    },
                    stop);
                break;
        }
    }

    private static async Task RepeatAsync(Socket socket, FrameBuffer frames, Action<int> add, CancellationToken stop)
    {
        const int oneWrite = 32 * 1024;
        for (int turn = 0; ; turn++)
        {
            add(turn);
            if (frames.Written.Length >= oneWrite)
            {
                await SendAsync(socket, frames, stop);
            }
        }
    }

    private static async Task SendAsync(Socket socket, FrameBuffer frames, CancellationToken stop)
    {
        for (ReadOnlyMemory<byte> rest = frames.Written; rest.Length > 0;)
        {
            rest = rest[await socket.SendAsync(rest, stop)..];
        }

        frames.Clear();
    }

    private static async Task DrainAsync(Socket socket, CancellationToken stop)
    {
        byte[] buffer = new byte[16 * 1024];
        try
        {
            while (await socket.ReceiveAsync(buffer, stop) > 0)
            {
            }
        }
        catch (Exception ended) when (ended is SocketException or OperationCanceledException or ObjectDisposedException)
        {
        }
    }
}
