using System.Collections.Immutable;
using System.Net;
using SdsServer.Core.Issuance;
using SdsServer.Core.Pki;
using SdsServer.Grpc;
using SdsServer.Grpc.Server;
using SdsServer.Identity.Jwt;
using SdsServer.Identity.Registrations;
using SdsServer.Identity.X509;
using SdsServer.Limits;
using SdsServer.Protos.Envoy.Core.V3;
using SdsServer.Xds;

namespace SdsServer.Identity;

/// <summary>
/// Turns transport evidence into a workload: a bearer token first, one of ours or a JWT, then the certificate of a TLS connection, then the
/// kernel's word on a Unix socket. What is registered decides what it is worth. <c>node.id</c> is believed in dev mode only. Whoever shows
/// nothing gets nothing.
/// </summary>
internal sealed class WorkloadAuthenticator(
    TrustDomain trustDomain,
    ImmutableArray<UnixPeerRule> unixPeers,
    TokenDirectory tokens,
    JwtAuthenticator jwts,
    ClientCertificateAttestor? certificates,
    RegistrationDirectory registrations,
    ProcessWatch processes,
    UnregisteredLog unregistered,
    bool dev,
    ServingNames? own = null)
{
    private const string BadToken = "the bearer token is unknown, expired or deleted";

    private readonly OwnTokenAttestor _tokens = new(tokens);
    private readonly UnixPeerAttestor _unixPeers = new(unixPeers);
    private readonly DevNodeAttestor? _nodes = dev ? new(trustDomain) : null;

    /// <exception cref="RpcException">UNAUTHENTICATED; UNAVAILABLE or RESOURCE_EXHAUSTED where whoever judges a token cannot be asked now.</exception>
    public async ValueTask<Caller> AuthenticateAsync(ServerCallContext call, Node node)
    {
        UnixPeer? unix = UnixPeer.Of(call.HttpContext.Features);
        string peer = Describe(call.HttpContext, unix);
        Evidence? process = _unixPeers.Find(unix);
        Evidence? credential = await FindCredentialAsync(call, peer);
        Evidence? evidence = credential is null ? WithNode(process, node) : credential with { Selectors = [.. credential.Selectors, .. process?.Selectors ?? []] };
        if (evidence is null || registrations.Decide(evidence) is not { } workload)
        {
            unregistered.Add(peer, evidence);
            throw credential is null ? Nobody(unix) : new RpcException(StatusCode.Unauthenticated, BadToken);
        }

        if (own?.IsTakenBy(workload) == true)
        {
            // Proxies know this server by its name, under the roots of the mesh: with a leaf of that name somebody else could be it.
            throw new RpcException(StatusCode.PermissionDenied, $"'{workload.SpiffeId}' has the SPIFFE ID or a DNS name of this server itself: give the workload another one");
        }

        processes.Add(peer);
        return new Caller(workload, peer, evidence.ValidUntil, evidence.Withdrawn)
        {
            Stands = registrations.Watch(evidence, workload),
            Hold = evidence.Hold,
            Address = unix is null ? call.HttpContext.Connection.RemoteIpAddress : null,
        };
    }

    /// <summary>The first that there is: a caller that shows one which is refused gets nothing by what stands further down.</summary>
    private async ValueTask<Evidence?> FindCredentialAsync(ServerCallContext call, string peer)
    {
        // Looked at also beside a token: one that is refused must not go unseen because of it.
        Evidence? certificate = certificates?.Find(ClientChain.Of(call.HttpContext), peer);
        Evidence? bearer = await FromBearerAsync(call, peer);
        if (certificate is { Workload: { } shown } && bearer is { Workload: { } named } && shown.SpiffeId != named.SpiffeId)
        {
            throw certificates!.Refuse(peer, CertificateRefusal.Contradicted, $"it is of '{shown.SpiffeId}', and the token beside it of '{named.SpiffeId}'");
        }

        return bearer ?? certificate;
    }

    /// <summary>In dev mode <c>node.id</c> stands in where nothing else names anybody.</summary>
    private Evidence? WithNode(Evidence? process, Node node)
    {
        if (_nodes is null || process is { Workload: not null })
        {
            return process;
        }

        Evidence named = _nodes.Find(node);
        return process is null ? named : process with { Workload = named.Workload };
    }

    private async ValueTask<Evidence?> FromBearerAsync(ServerCallContext call, string peer)
    {
        if (BearerHeader.Find(call.HttpContext) is not { } text)
        {
            return null;
        }

        // One text for every failure: a caller must not learn which tokens exist.
        return (CompactJws.IsMeant(text.Span) ? await jwts.AuthenticateAsync(text.ToString(), peer, CallerAddress.Of(call.HttpContext), call.CancellationToken) : _tokens.Find(text.Span))
            ?? throw new RpcException(StatusCode.Unauthenticated, BadToken);
    }

    private static RpcException Nobody(UnixPeer? unix) => new(
        StatusCode.Unauthenticated,
        unix is null
            ? "no workload identity: send 'authorization: Bearer TOKEN' metadata (make one with: sdsctl token create), or connect with a client certificate"
            : $"no workload identity: user {unix.Uid} is neither registered (sdsctl registration create) nor listed in SdsServer:UnixPeers; do either, or send 'authorization: Bearer TOKEN' metadata (make one with: sdsctl token create)");

    // A listener on [::] sees 192.0.2.1 as ::ffff:192.0.2.1: one host has one name, whatever the server listens on after a restart.
    internal static string Describe(IPAddress? address) => $"ip:{(address is { IsIPv4MappedToIPv6: true } ? address.MapToIPv4() : address)}";

    /// <summary>The other end of a connection, for logs and as part of an instance's key.</summary>
    internal static string Describe(HttpContext http) => Describe(http, UnixPeer.Of(http.Features));

    private static string Describe(HttpContext http, UnixPeer? unix)
    {
        if (unix is null)
        {
            return Describe(http.Connection.RemoteIpAddress);
        }

        return PeerProcess.Find(unix.Pid)?.ToString() ?? $"user:{unix.Uid}";
    }
}
