using System.IO.Pipelines;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace SdsServer.Grpc.Authority;

/// <summary>
/// Kestrel resets a request whose <c>:authority</c> is no host name, and has no setting against it. But gRPC clients send what they like:
/// Envoy its cluster's name (<c>outbound|443||sds</c>), clients on gRPC's C core the percent-coded path of a Unix socket, old Go clients
/// the path itself (dotnet/aspnetcore issues 18522 and 47043).
/// </summary>
public static class AuthorityListening
{
    /// <summary>
    /// Takes any :authority on this listener. Goes after <c>UseHttps</c>. What Kestrel would refuse reads as other characters in
    /// <c>Request.Host</c>, so do not decide anything by it. Still refused, and only when Huffman coded: <c># &gt; \ ^ ` { } &lt;</c>.
    /// </summary>
    public static ListenOptions AcceptAnyAuthority(this ListenOptions listen)
    {
        listen.Use(next => connection =>
        {
            connection.Transport = new RepairedPipe(new AuthorityRepairingReader(connection.Transport.Input), connection.Transport.Output);
            return next(connection);
        });
        return listen;
    }

    private sealed record RepairedPipe(PipeReader Input, PipeWriter Output) : IDuplexPipe;
}
