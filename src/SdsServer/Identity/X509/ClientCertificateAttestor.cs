using SdsServer.Core.Access;
using SdsServer.Core.Fleet;
using SdsServer.Core.Pki;
using SdsServer.Enrolment;
using SdsServer.Grpc;

namespace SdsServer.Identity.X509;

/// <summary>
/// Evidence by the certificate of a TLS connection: of a client that has enrolled, a leaf of the mesh, or one of a configured authority. Chains are
/// built here, to these authorities alone: never to those of the machine, and nothing is fetched.
/// </summary>
internal sealed class ClientCertificateAttestor
{
    // For a client whose certificate was made a moment ago by a clock that is ahead of ours. There is none at the end.
    private static readonly TimeSpan s_early = TimeSpan.FromMinutes(1);

    private readonly EnrolmentDirectory _enrolments;
    private readonly MeshRoots _roots;
    private readonly SvidAttestor _svids;
    private readonly ConfiguredAuthorities _authorities;
    private readonly TimeProvider _time;
    private readonly RefusalLog<CertificateRefusal> _refusals;

    public ClientCertificateAttestor(
        TrustDomain trustDomain, MeshRoots roots, EnrolmentDirectory enrolments, ConfiguredAuthorities authorities, TimeProvider time, ILogger logger)
    {
        (_enrolments, _roots, _authorities, _time) = (enrolments, roots, authorities, time);
        _svids = new SvidAttestor(trustDomain, roots, enrolments);
        _refusals = new(time, (peer, refusal, reason, unlogged) => CertificateLog.Refused(logger, peer, refusal, reason, unlogged));
    }

    /// <summary>Null where none was shown.</summary>
    /// <exception cref="RpcException">UNAUTHENTICATED: the one that was shown is refused, which is logged.</exception>
    public Evidence? Find(ClientChain? chain, string peer)
    {
        try
        {
            return chain is null ? null : Verify(chain);
        }
        catch (CertificateRefusedException refused)
        {
            throw Refuse(peer, refused.Refusal, refused.Message);
        }
    }

    /// <summary>Logs and makes the error of a certificate that is refused.</summary>
    public RpcException Refuse(string peer, CertificateRefusal refusal, string reason)
    {
        _refusals.Add(peer, refusal, reason);
        return new RpcException(StatusCode.Unauthenticated, $"the client certificate is refused: {Shown.Text(reason)}");
    }

    /// <exception cref="CertificateRefusedException">It is no evidence.</exception>
    private Evidence Verify(ClientChain chain)
    {
        if (chain.Certificates is not [var leaf, ..])
        {
            throw new CertificateRefusedException(CertificateRefusal.Malformed, chain.Fault);
        }

        DateTimeOffset now = _time.GetUtcNow();
        now = leaf.NotBefore > now && leaf.NotBefore - now <= s_early ? leaf.NotBefore : now;
        return _enrolments.IsMeant(leaf) ? OfEnrolment(leaf, now) : _svids.Find(chain, now)?.Evidence ?? OfConfigured(chain, now);
    }

    private Evidence OfEnrolment(Certificate leaf, DateTimeOffset now)
    {
        EnrolledClient client = _enrolments.Find(leaf)
            ?? throw new CertificateRefusedException(CertificateRefusal.Revoked, $"certificate {leaf.Serial} of an enrolment is revoked, or was never given by this server");
        return now < leaf.NotBefore ? throw new CertificateRefusedException(CertificateRefusal.NotYetValid, $"{leaf} is not valid before {leaf.NotBefore:u}")
            : now >= leaf.NotAfter ? throw new CertificateRefusedException(CertificateRefusal.Expired, $"{leaf} has expired; enrol again with a join token")
            : new Evidence([new Selector(Selector.SpiffeId, client.Stored.SpiffeId), new Selector("x509:enrolment", client.Stored.EnrolmentId), new Selector(Selector.Token, client.Stored.TokenId)])
            {
                Workload = new Workload(client.Stored.SpiffeId, [], BundleOnly: false),
                ValidUntil = leaf.NotAfter,
                Withdrawn = client.Revoked,
            };
    }

    private Evidence OfConfigured(ClientChain chain, DateTimeOffset now)
    {
        CertificateRefusedException? why = null;
        Dictionary<ClientAuthorities, ChainVerification> verified = [];
        foreach ((ClientCertificateRule rule, ClientAuthorities authorities) in _authorities.Rules)
        {
            // Rules of one file have the same authorities.
            if (!verified.TryGetValue(authorities, out ChainVerification? verification))
            {
                verified.Add(authorities, verification = ChainVerifier.Verify(chain.Certificates, authorities.Trusted, ChainPurpose.Client, now));
            }

            if (!verification.IsTrusted)
            {
                why ??= verification.Failure is ChainFailure.UnknownIssuer ? null : Refusals.Of(verification);
                continue;
            }

            SvidAttestor.RequireUntainted(verification.Path, _roots);
            Certificate leaf = verification.Path[0], authority = verification.Path[^1];
            if (leaf.IsAuthority)
            {
                throw new CertificateRefusedException(CertificateRefusal.NoWorkload, "it is CA:TRUE, and an authority is no workload");
            }

            if (rule.Identify(leaf) is { } workload)
            {
                return new Evidence([
                    new Selector("x509:ca", authority.Fingerprint),
                    .. leaf.AlternativeNames.Uris.Select(uri => new Selector("x509:san_uri", uri)),
                    .. leaf.AlternativeNames.DnsNames.Select(name => new Selector("x509:san_dns", name))])
                {
                    Workload = workload,
                    ValidUntil = leaf.NotAfter,
                    Withdrawn = authorities.Enter(verification.Path),
                };
            }

            why = new CertificateRefusedException(CertificateRefusal.NoRule, $"{leaf} is of an authority in SdsServer:ClientCertificates, and its names fit no rule there");
        }

        throw why ?? new CertificateRefusedException(
            CertificateRefusal.Untrusted, $"{chain.Certificates[0]} is of nobody who is trusted here: not of an enrolment, nor a leaf of the mesh, nor of an authority in SdsServer:ClientCertificates");
    }
}
