using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using SdsServer.Admin.Operators;
using SdsServer.Core.Access;
using SdsServer.Grpc;
using SdsServer.Protos.Google.Rpc;
using Api = SdsServer.Protos.Admin.V1;
using Status = SdsServer.Protos.Google.Rpc.Status;

namespace SdsServer.Admin.Requests;

/// <summary>Every error of the admin API: a status, a machine-readable reason and what belongs to it, in <c>grpc-status-details-bin</c>.</summary>
internal static class AdminErrors
{
    public const string DetailsTrailer = "grpc-status-details-bin";
    public const string Domain = "sdsserver";

    /// <summary>Some clients take 8 KiB of trailers at most; the details travel as base64 beside the message.</summary>
    private const int MaxDetails = 5_000;

    private const int MaxBlockers = 20;
    private const int MaxBlockerDetail = 200;
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(1);

    public static RpcException Invalid(BadRequest wrong) => Of(
        StatusCode.InvalidArgument, "INVALID_REQUEST", string.Join("; ", wrong.FieldViolations.Select(field => $"{field.Field} {field.Description}")), wrong);

    public static RpcException Invalid(string field, string description) =>
        Invalid(new BadRequest { FieldViolations = { new BadRequest.Types.FieldViolation { Field = field, Description = description } } });

    public static RpcException NotFound(string name, string hint) =>
        Of(StatusCode.NotFound, "NO_SUCH_RESOURCE", $"there is no {name}: {hint}", About(name, hint));

    public static RpcException Exists(string name, string hint) =>
        Of(StatusCode.AlreadyExists, "RESOURCE_EXISTS", $"there is a {name} already: {hint}", About(name, hint));

    public static RpcException RequestIdReused(string name, string hint) =>
        Of(StatusCode.AlreadyExists, "REQUEST_ID_REUSED", $"{name} was another start: {hint}", About(name, hint));

    public static RpcException RevisionChanged(long expected, Api.TrustDomain current, string message) =>
        Of(StatusCode.Aborted, "REVISION_CHANGED", message, new Api.RevisionConflict { ExpectedRevision = expected, Current = current });

    public static RpcException RegistrationChanged(string name, long expected, long current) => Of(
        StatusCode.Aborted, "REGISTRATION_CHANGED", $"{name} has revision {current}, not {expected}: read it again, and decide on what it says now", About(name, "GetRegistration reads it"));

    public static RpcException OfFile(string name) => Of(
        StatusCode.FailedPrecondition, "REGISTRATION_OF_FILE", $"{name} stands in the file of SdsServer:Registrations:File: change it there", About(name, "it is read again when it changes"));

    public static RpcException Refused(Api.Refusal refusal)
    {
        string reason = RefusalCodes.Name(refusal.Code);
        Api.Refusal told = refusal.Clone();
        foreach (Api.Blocker blocker in told.Blockers.Where(blocker => blocker.Detail.Length > MaxBlockerDetail))
        {
            blocker.Detail = blocker.Detail[..MaxBlockerDetail] + "...";
        }

        for (int most = MaxBlockers; ; most /= 2)
        {
            while (told.Blockers.Count > most)
            {
                told.Blockers.RemoveAt(told.Blockers.Count - 1);
            }

            RpcException error = Of(StatusCode.FailedPrecondition, reason, told.Message, Violations(told, reason), told);
            if (most == 0 || error.Trailers.GetValueBytes(DetailsTrailer)!.Length <= MaxDetails)
            {
                return error;
            }
        }
    }

    public static RpcException Unauthenticated() => Of(
        StatusCode.Unauthenticated, "UNAUTHENTICATED", "the admin API knows its callers by the Unix socket they come through, or by their certificate; connect to the admin socket");

    public static RpcException NotAllowed(Operator caller, OperatorRole least, string what) => Of(
        StatusCode.PermissionDenied, "NOT_ALLOWED",
        $"{what} needs the role {least.ToString().ToLowerInvariant()}, and {caller.Name} has {(caller.Role == OperatorRole.None ? "none" : caller.Role.ToString().ToLowerInvariant())} (SdsServer:Admin:Roles)");

    public static RpcException NotLeader() => Of(
        StatusCode.Unavailable, "NOT_LEADER", "this server does not lead the trust domain any more; ask again, it restarts or another one answers", Retry());

    public static RpcException StoreUnavailable(string message) => Of(StatusCode.Unavailable, "STORE_UNAVAILABLE", message, Retry());

    private static PreconditionFailure Violations(Api.Refusal refusal, string reason)
    {
        PreconditionFailure failure = new();
        failure.Violations.AddRange(refusal.Blockers.Select(blocker => new PreconditionFailure.Types.Violation
        {
            Type = RefusalCodes.Name(blocker.Reason),
            Subject = blocker.Leaf.Length > 0 ? blocker.Leaf : blocker.Subject,
            Description = blocker.Detail,
        }));
        failure.Violations.AddRange(refusal.Findings.Select(finding => new PreconditionFailure.Types.Violation { Type = reason, Description = finding }));
        return failure;
    }

    private static ResourceInfo About(string name, string hint) => new()
    {
        ResourceType = name.Split('/') is [.., var collection, _] ? $"{Domain}/{collection}" : Domain,
        ResourceName = name,
        Description = hint,
    };

    private static RetryInfo Retry() => new() { RetryDelay = RetryAfter.ToDuration() };

    private static RpcException Of(StatusCode code, string reason, string text, params ReadOnlySpan<IMessage> details)
    {
        // A status is logged by whoever passes it on, and callers do paste a token where its name belongs.
        string message = TokenText.CutSecrets(text);
        Status status = new() { Code = (int)code, Message = message };
        status.Details.Add(Any.Pack(new ErrorInfo { Reason = reason, Domain = Domain }));
        foreach (IMessage detail in details)
        {
            status.Details.Add(Any.Pack(detail));
        }

        Metadata trailers = new() { { DetailsTrailer, status.ToByteArray() } };
        return new RpcException(code, message, trailers);
    }
}
