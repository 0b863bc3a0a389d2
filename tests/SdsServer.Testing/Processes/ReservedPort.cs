using System.Net;
using System.Net.Sockets;

namespace SdsServer.Testing.Processes;

/// <summary>
/// A TCP port on loopback that a child process may bind, and bind again after a restart. It lies below the range from which
/// the kernel picks ports for connections, and a lock file keeps other test processes away while this object lives.
/// </summary>
public sealed class ReservedPort : IDisposable
{
    private const int First = 20_000;
    private const int Count = 10_000;
    private static readonly string Locks = Directory.CreateDirectory(Path.Combine(Path.GetTempPath(), "sdsserver-test-ports")).FullName;
    private static int _next = Environment.ProcessId * 97;

    private readonly FileStream _lock;

    private ReservedPort(int number, FileStream held)
    {
        Number = number;
        _lock = held;
    }

    public int Number { get; }

    public IPEndPoint Endpoint => new(IPAddress.Loopback, Number);

    /// <exception cref="InvalidOperationException">All are taken.</exception>
    public static ReservedPort Take()
    {
        for (int attempt = 0; attempt < Count; attempt++)
        {
            int number = First + (int)((uint)Interlocked.Increment(ref _next) % Count);
            if (TryLock(number) is not { } held)
            {
                continue;
            }

            if (IsFree(number))
            {
                return new ReservedPort(number, held);
            }

            held.Dispose();
        }

        throw new InvalidOperationException($"no free port from {First} to {First + Count - 1}");
    }

    public void Dispose() => _lock.Dispose();

    private static FileStream? TryLock(int number)
    {
        try
        {
            return new FileStream(Path.Combine(Locks, $"{number}.lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException)
        {
            return null;
        }
    }

    private static bool IsFree(int number)
    {
        using Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Bind(new IPEndPoint(IPAddress.Any, number));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
