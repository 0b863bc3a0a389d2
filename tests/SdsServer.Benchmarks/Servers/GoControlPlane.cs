using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using SdsServer.Testing;
using SdsServer.Testing.Processes;

namespace SdsServer.Benchmarks.Servers;

/// <summary>The baseline: a small SDS server on go-control-plane, told over TCP what to push.</summary>
internal sealed class GoControlPlane : ServerUnderTest
{
    public const string Program = "go-control-plane-sds";

    private static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(60);

    private readonly ReservedPort _port;
    private readonly ReservedPort _next;
    private readonly IPEndPoint _commands;

    private GoControlPlane(ChildProcess process, ReservedPort port, ReservedPort next)
        : base(process, port.Endpoint) => (_port, _next, _commands) = (port, next, new IPEndPoint(IPAddress.Loopback, port.Number + 1));

    public static bool IsThere => Programs.Find(Program) is not null;

    /// <param name="mode"><c>linear</c> or <c>snapshot</c>.</param>
    public static async Task<GoControlPlane> StartAsync(string mode)
    {
        ReservedPort port = ReservedPort.Take(), next = ReservedPort.Take();
        while (next.Number != port.Number + 1)
        {
            port.Dispose();
            (port, next) = (next, ReservedPort.Take());
        }

        ChildProcess process = await ChildProcess.StartAsync(Programs.Find(Program)!, ["-mode", mode, "-port", port.Number.ToString(CultureInfo.InvariantCulture)]);
        GoControlPlane server = new(process, port, next);
        await WaitAsync(process, async () => await AcceptsAsync(server.Address) && await AcceptsAsync(server._commands), Program);
        return server;
    }

    /// <summary>A new <c>ROOTCA</c> of this many bytes to every stream.</summary>
    public Task PushBundleAsync(int size) => SendAsync($"push {size.ToString(CultureInfo.InvariantCulture)} bundle\n");

    /// <summary>A new key and leaf to every node; snapshot mode only.</summary>
    public Task RekeyAsync(int size) => SendAsync($"push {size.ToString(CultureInfo.InvariantCulture)} rekey\n");

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        _port.Dispose();
        _next.Dispose();
    }

    private async Task SendAsync(string command)
    {
        using Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        using CancellationTokenSource limit = new(AnswerLimit);
        try
        {
            await socket.ConnectAsync(_commands, limit.Token);
            await socket.SendAsync(Encoding.ASCII.GetBytes(command), limit.Token);
            byte[] answer = new byte[1024];
            await socket.ReceiveAsync(answer, limit.Token);
        }
        catch (OperationCanceledException)
        {
            throw new TimeoutException($"{Program} did not answer '{command.Trim()}' within {AnswerLimit}");
        }
    }
}
