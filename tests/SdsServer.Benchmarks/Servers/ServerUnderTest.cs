using System.Net;
using System.Net.Sockets;
using SdsServer.Testing.Processes;

namespace SdsServer.Benchmarks.Servers;

/// <summary>A secret server in a process of its own.</summary>
internal abstract class ServerUnderTest(ChildProcess process, EndPoint address) : IAsyncDisposable
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60);

    public EndPoint Address => address;

    public TimeSpan Cpu => ProcessUsage.Cpu(process.Id);

    /// <inheritdoc cref="ProcessUsage.Compiling"/>
    public TimeSpan Compiling => ProcessUsage.Compiling(process.Id);

    public long ResidentKiB => ProcessUsage.ResidentKiB(process.Id);

    public virtual async ValueTask DisposeAsync() => await process.DisposeAsync();

    protected static async Task WaitAsync(ChildProcess process, Func<Task<bool>> ready, string name)
    {
        using CancellationTokenSource limit = new(StartLimit);
        while (!await ready())
        {
            if (!process.IsRunning || limit.IsCancellationRequested)
            {
                throw new InvalidOperationException($"{name} did not start: {process.Log}");
            }

            await Task.Delay(5);
        }
    }

    protected static async Task<bool> AcceptsAsync(EndPoint address)
    {
        using Socket socket = new(address.AddressFamily, SocketType.Stream, address is IPEndPoint ? ProtocolType.Tcp : ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(address);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
