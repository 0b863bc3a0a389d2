using System.Collections.Immutable;
using System.Net;
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

    private readonly OwnTokenAttestor _tokens = new(tokens);
    private readonly UnixPeerAttestor _unixPeers = new(unixPeers);
    private readonly DevNodeAttestor? _nodes = dev ? new(trustDomain) : null;

    /// <exception cref="RpcException">UNAUTHENTICATED.</exception>
    public async ValueTask<Caller> AuthenticateAsync(ServerCallContext call, Node node)
    {
        UnixPeer? unix = UnixPeer.Of(call.HttpContext);
        string peer = Describe(call.HttpContext, unix);
        Evidence? evidence = await FindAsync(call, unix, node, peer);
        if (evidence is not { Workload: { } workload })
        {
            throw Nobody(unix);
        }

        processes.Add(peer);
        return new Caller(workload, peer, evidence.ValidUntil, evidence.Withdrawn)
        {
            Address = unix is null ? call.HttpContext.Connection.RemoteIpAddress : null,
        };
    }

    /// <summary>The first evidence that there is: a caller that shows a token which is refused gets nothing by what stands further down.</summary>
    private async ValueTask<Evidence?> FindAsync(ServerCallContext call, UnixPeer? unix, Node node, string peer)
    {
        Evidence? evidence = await FromBearerAsync(call, peer) ?? _unixPeers.Find(unix);
        return evidence is { Workload: not null } || _nodes is null ? evidence : _nodes.Find(node);
    }

    private async ValueTask<Evidence?> FromBearerAsync(ServerCallContext call, string peer)
    {
        string? header = call.HttpContext.Request.Headers.Authorization;
        if (string.IsNullOrEmpty(header))
        {
            return null;
        }

        // One text for every failure: a caller must not learn which tokens exist.
        string text = header.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase) ? header[Bearer.Length..].Trim() : "";
        return (CompactJws.IsMeant(text) ? await jwts.AuthenticateAsync(text, peer, call.CancellationToken) : _tokens.Find(text))
            ?? throw new RpcException(StatusCode.Unauthenticated, "the bearer token is unknown, expired or deleted");
    }

    private static RpcException Nobody(UnixPeer? unix) => new(
        StatusCode.Unauthenticated,
        unix is null
            ? "no workload identity: send 'authorization: Bearer TOKEN' metadata (make one with: sdsctl token create)"
            : $"no workload identity: user {unix.Uid} is not listed in SdsServer:UnixPeers; list it, or send 'authorization: Bearer TOKEN' metadata (make one with: sdsctl token create)");

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
