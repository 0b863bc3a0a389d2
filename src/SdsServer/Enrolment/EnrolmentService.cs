using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using SdsServer.Admin;
using SdsServer.Admin.Requests;
using SdsServer.Core.Access;
using SdsServer.Core.Authorities;
using SdsServer.Core.Enrolment;
using SdsServer.Core.Pki;
using SdsServer.Core.Rotation;
using SdsServer.Grpc;
using SdsServer.Grpc.Server;
using SdsServer.Identity;
using SdsServer.Identity.X509;
using SdsServer.Limits;
using Api = SdsServer.Protos.Enrolment.V1;
using ServiceDescriptor = Google.Protobuf.Reflection.ServiceDescriptor;

namespace SdsServer.Enrolment;

/// <summary>sdsserver.enrolment.v1.EnrolmentService. What a caller is told tells it nothing of tokens it does not hold.</summary>
internal sealed class EnrolmentService
{
    // A client renews when half of its certificate's life is over; more than a handful at once are an error of it, or an attempt to fill the disk.
    private const int MostAtOnce = 10;

    // A request for a certificate is a kilobyte or two, with the largest RSA keys.
    private const int MaxRequestSize = 64 * 1024;

    private static readonly TimeSpan s_repeat = TimeSpan.FromMinutes(1);

    private readonly TrustDomainAccess _access;
    private readonly ITrustStore _store;
    private readonly TokenDirectory _tokens;
    private readonly EnrolmentDirectory _directory;
    private readonly EnrolmentSigner _signer;
    private readonly EnrolmentSettings _settings;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly RefusalLog<EnrolmentRefusal> _refusals;
    private readonly AddressRates _byAddress;
    private readonly AddressRates _all;

    public EnrolmentService(
        TrustDomainAccess access,
        ITrustStore store,
        TokenDirectory tokens,
        EnrolmentDirectory directory,
        EnrolmentSigner signer,
        EnrolmentSettings settings,
        TimeProvider time,
        ILogger logger)
    {
        (_access, _store, _tokens, _directory, _signer, _settings, _time, _logger) = (access, store, tokens, directory, signer, settings, time, logger);
        _byAddress = new(settings.PerSecondPerAddress, settings.BurstPerAddress, time);
        _all = new(settings.PerSecond, settings.Burst, time);
        _refusals = new(time, (peer, refusal, reason, unlogged) => EnrolmentLog.Refused(logger, peer, refusal, reason, unlogged));
    }

    public static ServiceDescriptor Descriptor { get; } =
        Api.EnrolmentServiceReflection.Descriptor.FindTypeByName<ServiceDescriptor>(nameof(EnrolmentService));

    public void Bind(GrpcServiceBuilder service) => service
        .LimitRequests(MaxRequestSize)
        .Unary<Api.EnrolRequest, Api.EnrolResponse>("Enrol", EnrolAsync)
        .Unary<Api.RenewRequest, Api.RenewResponse>("Renew", RenewAsync);

    private async Task<Api.EnrolResponse> EnrolAsync(Api.EnrolRequest request, ServerCallContext context)
    {
        string peer = WorkloadAuthenticator.Describe(context.HttpContext);
        RequireTime(_byAddress.TryTake(CallerAddress.Of(context.HttpContext)), peer, "from your address");
        AccessToken token = RequireToken(context, peer);

        // After the token: whoever only guesses must not use up what is for all.
        RequireTime(_all.TryTake(string.Empty), peer, "in all");
        CertificateSigningRequest csr = Read(request.CertificateRequest, peer);
        SpiffeId id = Identify(token, csr, peer);
        TrustState state = await _access.ReadAsync(engine => engine.State, context.CancellationToken);
        EnrolledCertificate certificate = await _signer.SignAsync(id, csr.PublicKey, token.Id, enrolmentId: null, context.CancellationToken);
        Decision entry = new()
        {
            At = certificate.IssuedAt,
            Actor = $"token:{token.Id}",
            Kind = DecisionKind.Enrol,
            Subject = token.Id,
            Action = $"enrol {id} with certificate {certificate.Serial}",
            Reason = token.DisplayName,
            Evidence = Evidence(certificate, peer),
            Revision = state.Decisions,
        };
        long readings = _directory.Readings;

        // Without the caller's cancellation: a use must not be spent and nobody know of it.
        EnrolmentOutcome outcome = await StoreCalls.RunAsync(
            () => _store.EnrolAsync(state.TrustDomain, state.Term, certificate, certificate.IssuedAt - s_repeat, entry, CancellationToken.None), _logger);
        switch (outcome.Status)
        {
            case EnrolmentStatus.TokenGone:
                throw Refuse(peer, EnrolmentRefusal.BadToken, StatusCode.Unauthenticated, "the join token is unknown, expired or deleted");
            case EnrolmentStatus.TokenSpent:
                throw Refuse(
                    peer, EnrolmentRefusal.SpentToken, StatusCode.PermissionDenied,
                    $"every use of the join token {token.Id} is spent; make another with: sdsctl token create --join. If its use was not yours, somebody else has it: see sdsctl audit list");
            default:
                await _directory.AddAsync(outcome.Certificate!, readings);
                EnrolmentLog.Enrolled(_logger, id.ToString(), peer, token.Id, outcome.Certificate!.Serial, outcome.Certificate.NotAfter, outcome.Status);
                return new Api.EnrolResponse { ClientCertificate = Answer(outcome.Certificate, state) };
        }
    }

    private async Task<Api.RenewResponse> RenewAsync(Api.RenewRequest request, ServerCallContext context)
    {
        string peer = WorkloadAuthenticator.Describe(context.HttpContext);
        RequireTime(_byAddress.TryTake(CallerAddress.Of(context.HttpContext)), peer, "from your address");
        EnrolledClient client = RequireClient(context, peer);
        CertificateSigningRequest csr = Read(request.CertificateRequest, peer);
        if (Asked(csr, peer) is { } asked && !asked.Equals(client.SpiffeId))
        {
            throw Refuse(peer, EnrolmentRefusal.OtherIdentity, StatusCode.PermissionDenied, $"the certificate request asks for '{asked}', and this client is '{client.SpiffeId}'");
        }

        TrustState state = await _access.ReadAsync(engine => engine.State, context.CancellationToken);
        EnrolledCertificate certificate = await _signer.SignAsync(client.SpiffeId, csr.PublicKey, client.Stored.TokenId, client.Stored.EnrolmentId, context.CancellationToken);
        Decision entry = new()
        {
            At = certificate.IssuedAt,
            Actor = $"enrolment:{client.Stored.EnrolmentId}",
            Kind = DecisionKind.RenewEnrolment,
            Subject = certificate.Serial,
            Action = $"renew {client.SpiffeId}: certificate {certificate.Serial} follows {client.Stored.Serial}",
            Evidence = Evidence(certificate, peer),
            Revision = state.Decisions,
        };
        long readings = _directory.Readings;
        RenewalStatus status = await StoreCalls.RunAsync(
            () => _store.RenewEnrolmentAsync(state.TrustDomain, state.Term, client.Stored.Serial, certificate, MostAtOnce, entry, CancellationToken.None), _logger);
        switch (status)
        {
            case RenewalStatus.NotEnrolled:
                throw Refuse(peer, EnrolmentRefusal.NotEnrolled, StatusCode.Unauthenticated, $"certificate {client.Stored.Serial} is revoked");
            case RenewalStatus.TooMany:
                throw Refuse(
                    peer, EnrolmentRefusal.TooMany, StatusCode.ResourceExhausted,
                    $"this enrolment has {MostAtOnce} certificates that have not ended; renew when half of a certificate's life is over");
            default:
                await _directory.AddAsync(certificate, readings);
                EnrolmentLog.Renewed(_logger, certificate.SpiffeId, client.Stored.Serial, peer, certificate.Serial, certificate.NotAfter);
                return new Api.RenewResponse { ClientCertificate = Answer(certificate, state) };
        }
    }

    private static string Evidence(EnrolledCertificate certificate, string peer) => $"from {peer}, key {Convert.ToHexStringLower(certificate.KeyHash.AsSpan())}";

    private void RequireTime(bool inTime, string peer, string where)
    {
        if (!inTime)
        {
            throw Refuse(peer, EnrolmentRefusal.TooFast, StatusCode.ResourceExhausted, $"too many enrolments at once {where}: try again in a few seconds (SdsServer:Enrolment)");
        }
    }

    private AccessToken RequireToken(ServerCallContext context, string peer)
    {
        AccessToken token = _tokens.Verify((BearerHeader.Find(context.HttpContext) ?? default).Span)?.Token
            ?? throw Refuse(peer, EnrolmentRefusal.BadToken, StatusCode.Unauthenticated, "the join token is unknown, expired or deleted; send it as metadata 'authorization: Bearer TOKEN'");
        return token.Join is not null
            ? token
            : throw Refuse(peer, EnrolmentRefusal.OtherToken, StatusCode.PermissionDenied, $"the token {token.Id} opens streams and is not one for joining; make one with: sdsctl token create --join");
    }

    private EnrolledClient RequireClient(ServerCallContext context, string peer)
    {
        EnrolledClient? client = ClientChain.Of(context.HttpContext) is { Certificates: [var leaf, ..] } ? _directory.Find(leaf) : null;
        return client is null || _time.GetUtcNow() >= client.Stored.NotAfter
            ? throw Refuse(
                peer, EnrolmentRefusal.NotEnrolled, StatusCode.Unauthenticated,
                "show the certificate of an enrolment in the TLS handshake, one that has not ended and is not revoked; enrol with a join token to get one")
            : client;
    }

    private CertificateSigningRequest Read(ByteString request, string peer) =>
        CertificateSigningRequest.TryParse(request.Memory, out CertificateSigningRequest? csr, out string? reason)
            ? csr
            : throw Refuse(peer, EnrolmentRefusal.BadRequest, StatusCode.InvalidArgument, $"certificate_request: {reason}");

    private SpiffeId Identify(AccessToken token, CertificateSigningRequest csr, string peer)
    {
        if (!SpiffeIdTemplate.TryParse(token.SpiffeId, out SpiffeIdTemplate? template, out string? reason))
        {
            throw new InvalidDataException($"token '{token.Id}' is for '{token.SpiffeId}', which is nobody: {reason}");
        }

        SpiffeId id = Asked(csr, peer) ?? template.Id
            ?? throw Refuse(
                peer, EnrolmentRefusal.OtherIdentity, StatusCode.InvalidArgument, $"certificate_request: the join token is for any '{template}', so the request must say by one URI name which of them it is for");
        return template.Fits(id)
            ? id
            : throw Refuse(peer, EnrolmentRefusal.OtherIdentity, StatusCode.PermissionDenied, $"the certificate request asks for '{id}', and the join token is for '{template}'");
    }

    /// <summary>The identity that a request asks for; null when it asks for none.</summary>
    private SpiffeId? Asked(CertificateSigningRequest csr, string peer)
    {
        if (csr.AlternativeNames.Uris.Count == 0)
        {
            return null;
        }

        string? reason = csr.AlternativeNames.Uris.Count > 1 ? $"it has {csr.AlternativeNames.Uris.Count} URI names, and may have one" : null;
        return reason is null && SpiffeId.TryParse(csr.AlternativeNames.Uris[0], out SpiffeId? asked, out reason)
            ? asked
            : throw Refuse(peer, EnrolmentRefusal.BadRequest, StatusCode.InvalidArgument, $"certificate_request: {reason}");
    }

    private Api.ClientCertificate Answer(EnrolledCertificate certificate, TrustState state) => new()
    {
        CertificateChain = System.Text.Encoding.ASCII.GetString(Certificate.Parse(certificate.Certificate.AsSpan()).ToPem()),
        ServerCa = _settings.ServerCa.Length > 0 || state.Serving is null ? _settings.ServerCa : System.Text.Encoding.ASCII.GetString(BootstrapAnchors.ToPem(state)),
        SpiffeId = certificate.SpiffeId,
        Serial = certificate.Serial,
        RenewTime = (certificate.IssuedAt + _settings.RenewAfter).ToTimestamp(),
        ExpireTime = certificate.NotAfter.ToTimestamp(),
    };

    private RpcException Refuse(string peer, EnrolmentRefusal refusal, StatusCode code, string reason)
    {
        _refusals.Add(peer, refusal, reason);
        return new RpcException(code, Shown.Text(reason));
    }
}
