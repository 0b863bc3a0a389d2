using System.Collections.Immutable;
using System.Net;
using SdsServer.Core.Access;
using SdsServer.Core.Fleet;
using SdsServer.Core.Pki;
using SdsServer.Grpc;
using SdsServer.Grpc.Server;
using SdsServer.Identity.Jwt;
using SdsServer.Protos.Envoy.Core.V3;
using SdsServer.Xds;

namespace SdsServer.Identity;

/// <summary>
/// Turns transport evidence into a workload: a bearer token first, one of ours or a JWT, then the kernel's word on a Unix socket.
/// <c>node.id</c> is believed in dev mode only. Whoever shows nothing gets nothing.
/// </summary>
internal sealed class WorkloadAuthenticator(
    TrustDomain trustDomain,
    ImmutableArray<UnixPeerRule> unixPeers,
    TokenDirectory tokens,
    JwtAuthenticator jwts,
    ProcessWatch processes,
    bool dev)
{
    private const string Bearer = "Bearer ";

    /// <exception cref="RpcException">UNAUTHENTICATED.</exception>
    public async ValueTask<Caller> AuthenticateAsync(ServerCallContext call, Node node)
    {
        UnixPeer? unix = UnixPeer.Of(call.HttpContext);
        string peer = Describe(call.HttpContext, unix);
        Caller caller = await FromTokenAsync(call, peer) ?? FromUnixPeer(unix, peer) ?? FromNode(node, peer)
            ?? throw new RpcException(
                StatusCode.Unauthenticated,
                unix is null
                    ? "no workload identity: send 'authorization: Bearer TOKEN' metadata (make one with: sdsctl token create)"
                    : $"no workload identity: user {unix.Uid} is not listed in SdsServer:UnixPeers; list it, or send 'authorization: Bearer TOKEN' metadata (make one with: sdsctl token create)");
        processes.Add(peer);
        return caller with { Address = unix is null ? call.HttpContext.Connection.RemoteIpAddress : null };
    }

    private async ValueTask<Caller?> FromTokenAsync(ServerCallContext call, string peer)
    {
        string? header = call.HttpContext.Request.Headers.Authorization;
        if (string.IsNullOrEmpty(header))
        {
            return null;
        }

        // One text for every failure: a caller must not learn which tokens exist.
        string text = header.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase) ? header[Bearer.Length..].Trim() : "";
        return (CompactJws.IsMeant(text) ? await jwts.AuthenticateAsync(text, peer, call.CancellationToken) : FromOwnToken(text, peer))
            ?? throw new RpcException(StatusCode.Unauthenticated, "the bearer token is unknown, expired or deleted");
    }

    private Caller? FromOwnToken(string text, string peer) => tokens.Verify(text) is { Token: { } token } accepted
        ? new Caller(new Workload(token.SpiffeId, token.DnsNames, token.BundleOnly), peer, token.NotAfter, accepted.Deleted)
        : null;

    private Caller? FromUnixPeer(UnixPeer? unix, string peer) =>
        unix is not null && unixPeers.FirstOrDefault(rule => rule.Fits(unix)) is { } rule ? new Caller(rule.Workload, peer) : null;

    private Caller? FromNode(Node node, string peer)
    {
        if (!dev)
        {
            return null;
        }

        return SpiffeId.TryParse($"{trustDomain.Uri}/{node.Id}", out SpiffeId? id, out string? reason)
            ? new Caller(new Workload(id.ToString(), [], BundleOnly: false), peer)
            : throw new RpcException(StatusCode.InvalidArgument, $"dev mode makes the identity from node.id, and '{node.Id}' cannot be the path of a SPIFFE ID: {reason}");
    }

    // A listener on [::] sees 192.0.2.1 as ::ffff:192.0.2.1: one host has one name, whatever the server listens on after a restart.
    internal static string Describe(IPAddress? address) => $"ip:{(address is { IsIPv4MappedToIPv6: true } ? address.MapToIPv4() : address)}";

    private static string Describe(HttpContext http, UnixPeer? unix)
    {
        if (unix is null)
        {
            return Describe(http.Connection.RemoteIpAddress);
        }

        return PeerProcess.Find(unix.Pid)?.ToString() ?? $"user:{unix.Uid}";
    }
}
