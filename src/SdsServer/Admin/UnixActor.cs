using System.Globalization;
using SdsServer.Admin.Requests;
using SdsServer.Grpc.Server;
using SdsServer.Identity;

namespace SdsServer.Admin;

/// <summary>Names an operator on the admin socket by what the kernel says of the other end: <c>unix:uid=1000</c>.</summary>
internal static class UnixActor
{
    /// <exception cref="Grpc.RpcException">UNAUTHENTICATED: the connection is no Unix socket.</exception>
    public static string Of(ServerCallContext context) => UnixPeer.Of(context.HttpContext) is { } peer
        ? string.Create(CultureInfo.InvariantCulture, $"unix:uid={peer.Uid}")
        : throw AdminErrors.Unauthenticated();
}
