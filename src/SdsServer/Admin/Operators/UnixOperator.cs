using System.Globalization;
using SdsServer.Admin.Requests;
using SdsServer.Grpc;
using SdsServer.Grpc.Server;
using SdsServer.Identity;

namespace SdsServer.Admin.Operators;

/// <summary>Names an operator on the admin socket by what the kernel says of the other end: <c>unix:uid=1000</c>. Whoever may open it may do everything.</summary>
internal static class UnixOperator
{
    /// <exception cref="RpcException">UNAUTHENTICATED: the connection is no Unix socket.</exception>
    public static Operator Of(ServerCallContext context) => UnixPeer.Of(context.HttpContext.Features) is { } peer
        ? new Operator(string.Create(CultureInfo.InvariantCulture, $"unix:uid={peer.Uid}"), OperatorRole.Admin)
        : throw AdminErrors.Unauthenticated();
}
