using System.Globalization;
using System.Net;
using System.Net.Sockets;
using SdsServer.Identity;

namespace SdsServer.Limits;

/// <summary>What a limit for each caller counts by, before anybody knows who that is: a host, or on a Unix socket a user.</summary>
internal static class CallerAddress
{
    public static string Of(Socket socket) => UnixPeer.Of(socket) is { } local ? User(local) : Of((socket.RemoteEndPoint as IPEndPoint)?.Address);

    public static string Of(HttpContext http) => UnixPeer.Of(http.Features) is { } local ? User(local) : Of(http.Connection.RemoteIpAddress);

    // Whoever has an IPv6 address has at least 2^64 of them (RFC 4291 section 2.5.4).
    public static string Of(IPAddress? address)
    {
        if (address is null)
        {
            return "unknown";
        }

        address = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        return address.AddressFamily == AddressFamily.InterNetworkV6
            ? $"{new IPAddress([.. address.GetAddressBytes().AsSpan(0, 8), 0, 0, 0, 0, 0, 0, 0, 0])}/64"
            : address.ToString();
    }

    private static string User(UnixPeer local) => string.Create(CultureInfo.InvariantCulture, $"user:{local.Uid}");
}
