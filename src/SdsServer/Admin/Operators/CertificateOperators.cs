using System.Collections.Immutable;
using SdsServer.Admin.Requests;
using SdsServer.Core.Pki;
using SdsServer.Grpc;
using SdsServer.Grpc.Server;
using SdsServer.Identity;
using SdsServer.Identity.X509;

namespace SdsServer.Admin.Operators;

/// <summary>
/// Knows operators on the TCP listener by their certificates. The handshake fails without one of an authority for operators, so that nobody else comes as
/// far as a request. Certificates of enrolment are none of these.
/// </summary>
internal sealed class CertificateOperators
{
    private readonly ImmutableArray<OperatorRule> _rules;
    private readonly ClientAuthorities? _authorities;
    private readonly SvidAttestor? _svids;
    private readonly MeshRoots _roots;
    private readonly TimeProvider _time;
    private readonly RefusalLog<CertificateRefusal> _refusals;

    /// <param name="authorities">Authorities for operators; null for none.</param>
    /// <param name="svids">Takes leaves of the mesh as well; null: it does not.</param>
    public CertificateOperators(ImmutableArray<OperatorRule> rules, ClientAuthorities? authorities, SvidAttestor? svids, MeshRoots roots, TimeProvider time, ILogger logger)
    {
        (_rules, _authorities, _svids, _roots, _time) = (rules, authorities, svids, roots, time);
        _refusals = new(time, (peer, refusal, reason, unlogged) => CertificateLog.Refused(logger, peer, refusal, reason, unlogged));
    }

    /// <summary>Who has connected; what it may do depends on the call. Null, which is logged: nobody, and the connection ends.</summary>
    public OperatorSession? Admit(ClientChain? chain, string peer)
    {
        try
        {
            return Verify(chain ?? throw new CertificateRefusedException(CertificateRefusal.Malformed, "none was shown, and operators must show one"));
        }
        catch (CertificateRefusedException refused)
        {
            _refusals.Add(peer, refused.Refusal, $"as an operator: {refused.Message}");
            return null;
        }
    }

    /// <summary>Who calls, on the socket or by certificate.</summary>
    /// <exception cref="RpcException">UNAUTHENTICATED.</exception>
    public static Operator Of(ServerCallContext context) =>
        context.HttpContext.Features.Get<OperatorSession>() is { } session ? session.Operator : UnixOperator.Of(context);

    /// <summary>Reads the authorities' files again and again until it is stopped.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        while (_authorities is not null && !stop.IsCancellationRequested)
        {
            await Task.Delay(ClientAuthorities.Every, _time, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            _authorities.Refresh();
        }
    }

    private OperatorSession Verify(ClientChain chain)
    {
        if (chain.Certificates is not [var leaf, ..])
        {
            throw new CertificateRefusedException(CertificateRefusal.Malformed, chain.Fault);
        }

        DateTimeOffset now = _time.GetUtcNow();
        if (_svids?.Find(chain, now) is var (evidence, workload))
        {
            return new OperatorSession(Known(workload, leaf), leaf.NotAfter, evidence.Withdrawn);
        }

        ChainVerification verification = ChainVerifier.Verify(chain.Certificates, _authorities?.Trusted ?? (IReadOnlyCollection<Certificate>)[], ChainPurpose.Client, now);
        if (!verification.IsTrusted)
        {
            throw Refusals.Of(verification);
        }

        SvidAttestor.RequireUntainted(verification.Path, _roots);
        return leaf.IsAuthority
            ? throw new CertificateRefusedException(CertificateRefusal.NoWorkload, "it is CA:TRUE, and an authority is no operator")
            : new OperatorSession(
                Known(leaf.AlternativeNames.Uris is [var uri] && SpiffeId.TryParse(uri, out SpiffeId? id, out _) ? id : null, leaf), leaf.NotAfter, _authorities!.Enter(verification.Path));
    }

    /// <summary>The highest role of all rules that fit; none where no rule does: its calls are then refused with its name, and logged.</summary>
    private Operator Known(SpiffeId? id, Certificate leaf) => new(
        $"x509:{(id is not null ? id.ToString() : Shown.Text(leaf.Subject.ToString()))}",
        _rules.Where(rule => rule.Fits(id, leaf.Subject)).Select(rule => rule.Role).DefaultIfEmpty(OperatorRole.None).Max());
}
