using System.Text;
using Google.Protobuf.WellKnownTypes;
using SdsServer.Admin.Log;
using SdsServer.Admin.Mapping;
using SdsServer.Admin.Requests;
using SdsServer.Core.Access;
using SdsServer.Core.Enrolment;
using SdsServer.Core.Pki;
using SdsServer.Core.Rotation;
using SdsServer.Enrolment;
using SdsServer.Grpc.Server;
using Api = SdsServer.Protos.Admin.V1;
using ServiceDescriptor = Google.Protobuf.Reflection.ServiceDescriptor;

namespace SdsServer.Admin;

/// <summary>sdsserver.admin.v1.EnrolmentService: who has enrolled, and the end of it.</summary>
internal sealed class EnrolmentCommands(
    TrustDomainAccess access,
    ITrustStore store,
    AuditLog audit,
    EnrolmentDirectory directory,
    EnrolmentSigner signer,
    AdminCalls calls,
    DomainCommands commands,
    EnrolmentMapper mapper,
    ResourceNames names,
    AdminOptions options,
    TimeProvider time,
    ILogger logger)
{
    public static ServiceDescriptor Descriptor { get; } =
        Api.EnrolmentServiceReflection.Descriptor.FindTypeByName<ServiceDescriptor>("EnrolmentService");

    public void Bind(GrpcServiceBuilder service) => service
        .Unary<Api.ListEnrolmentsRequest, Api.ListEnrolmentsResponse>("ListEnrolments", (request, context) => calls.ReadAsync(context, () => ListAsync(request, context)))
        .Unary<Api.RevokeEnrolmentsRequest, Api.RevokeEnrolmentsResponse>("RevokeEnrolments", (request, context) =>
            calls.CommandAsync(
                context,
                new OperatorCommand(DecisionKind.RevokeEnrolments, request.HasSerial ? names.Enrolment(request.Serial) : $"{request.Parent} {request.SpiffeId}", request.Reason),
                command => RevokeAsync(request, command, context)))
        .Unary<Api.RotateEnrolmentAuthorityRequest, Api.RotateEnrolmentAuthorityResponse>("RotateEnrolmentAuthority", (request, context) =>
            calls.CommandAsync(
                context, new OperatorCommand(DecisionKind.RotateEnrolmentAuthority, request.Parent, request.Reason), command => RotateAsync(request, command, context)));

    private async Task<Api.ListEnrolmentsResponse> ListAsync(Api.ListEnrolmentsRequest request, ServerCallContext context)
    {
        RequestCheck check = new(names);
        check.TrustDomain("parent", request.Parent);
        int size = Pages.Size(check, request.PageSize);
        Api.ListEnrolmentsRequest scope = new() { Parent = request.Parent, SpiffeIdPrefix = request.SpiffeIdPrefix };
        string? after = Pages.After(check, scope, request.PageToken);
        check.Done();
        EnrolmentRecord record = await StoreCalls.RunAsync(() => store.ReadEnrolmentsAsync(options.TrustDomain.Name, context.CancellationToken), logger);
        (IReadOnlyList<EnrolledCertificate> page, string next) = Pages.Cut(
            record.Certificates.Where(certificate => certificate.SpiffeId.StartsWith(request.SpiffeIdPrefix, StringComparison.Ordinal)),
            certificate => Pages.NewestFirst(certificate.IssuedAt, certificate.Serial),
            after,
            size,
            scope);
        return new Api.ListEnrolmentsResponse { Enrolments = { page.Select(mapper.Map) }, NextPageToken = next };
    }

    private async Task<Api.RevokeEnrolmentsResponse> RevokeAsync(Api.RevokeEnrolmentsRequest request, OperatorCommand command, ServerCallContext context)
    {
        RequestCheck check = new(names);
        check.TrustDomain("parent", request.Parent);
        long? expected = check.OptionalRevision(request.ExpectedRevision);
        check.Require("serial", request.WhichCase != Api.RevokeEnrolmentsRequest.WhichOneofCase.None, "or spiffe_id must say what to revoke");
        check.Require("serial", !request.HasSerial || (request.Serial.Length is > 0 and <= 64 && request.Serial.All(char.IsAsciiHexDigitLower)), "must be a serial number in lower-case hex");
        if (request.HasSpiffeId)
        {
            bool isId = SpiffeIdTemplate.TryParse(request.SpiffeId, out SpiffeIdTemplate? template, out string? reason);
            check.Require("spiffe_id", isId && template!.Id is not null && template.TrustDomain.Equals(options.TrustDomain), reason ?? $"must be one workload of trust domain {options.TrustDomain}");
        }

        check.Reason(request.Reason);
        check.Done();
        TrustState state = await RequireRevisionAsync(expected, context.CancellationToken);
        DateTimeOffset now = time.GetUtcNow();

        // Leaves begin some minutes before they are made, so those of the next minutes are no evidence, either: better than to guess how far back they begin.
        IdentityCutoff? cutoff = request.HasSpiffeId ? new IdentityCutoff(request.SpiffeId, now) : null;
        EnrolmentRevocation revocation = new(request.Serial, request.SpiffeId, now, cutoff);
        Decision entry = audit.Entry(command, DecisionOutcome.Done, state, subject: request.Serial);
        int revoked = await StoreCalls.RunAsync(
            () => store.RevokeEnrolmentsAsync(options.TrustDomain.Name, state.Term, revocation, entry, context.CancellationToken), logger);
        command.Logged = revoked > 0 || cutoff is not null;

        // Also when there was nothing: whoever revoked it before may not have come this far.
        await StoreCalls.RunAsync(() => directory.ReloadAsync(CancellationToken.None), logger);
        return command.Logged
            ? new Api.RevokeEnrolmentsResponse { Revoked = revoked }
            : throw AdminErrors.NotFound(names.Enrolment(request.Serial), "or it is revoked already: ListEnrolments shows those there are");
    }

    private async Task<Api.RotateEnrolmentAuthorityResponse> RotateAsync(Api.RotateEnrolmentAuthorityRequest request, OperatorCommand command, ServerCallContext context)
    {
        RequestCheck check = new(names);
        check.TrustDomain("parent", request.Parent);
        long? expected = check.OptionalRevision(request.ExpectedRevision);
        check.Reason(request.Reason);
        check.Done();
        await RequireRevisionAsync(expected, context.CancellationToken);
        EnrolmentAuthority made = await StoreCalls.RunAsync(
            () => signer.ReplaceAsync(command.Actor, (id, state) => audit.Entry(command, DecisionOutcome.Done, state, subject: id), context.CancellationToken), logger);
        command.Logged = true;
        Certificate certificate = Certificate.Parse(made.Certificate.AsSpan());
        return new Api.RotateEnrolmentAuthorityResponse
        {
            Authority = made.Id,
            Certificate = Encoding.ASCII.GetString(certificate.ToPem()),
            ExpireTime = certificate.NotAfter.ToTimestamp(),
        };
    }

    /// <summary>The state as it is, if it is the one the caller decided on.</summary>
    private async Task<TrustState> RequireRevisionAsync(long? expected, CancellationToken cancellation)
    {
        DomainReading reading = await access.ReadAsync(DomainReading.Of, cancellation);
        commands.RequireRevision(reading, expected);
        return reading.State;
    }
}
