using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;

namespace SdsServer.Identity;

/// <summary>Who is at the other end of a Unix socket, by the kernel's word at the time of connecting.</summary>
/// <param name="Pid">Process id as this process sees it; 0 when it is in another PID namespace.</param>
public sealed record UnixPeer(int Pid, int Uid, int Gid)
{
    private const int SolSocket = 1;
    private const int SoPeerCred = 17;

    /// <summary>The peer of a connection, or null if that is no Unix socket.</summary>
    /// <param name="features">Of the connection, or of a call on it.</param>
    public static UnixPeer? Of(IFeatureCollection features) =>
        features.Get<IConnectionSocketFeature>()?.Socket is { } socket ? Of(socket) : null;

    /// <summary>The peer of a connected socket, or null if that is no Unix socket.</summary>
    public static UnixPeer? Of(Socket socket) => socket.AddressFamily == AddressFamily.Unix ? Read(socket) : null;

    private static UnixPeer Read(Socket socket)
    {
        Span<int> credentials = stackalloc int[3];
        socket.GetRawSocketOption(SolSocket, SoPeerCred, MemoryMarshal.AsBytes(credentials));
        return new UnixPeer(credentials[0], credentials[1], credentials[2]);
    }
}
