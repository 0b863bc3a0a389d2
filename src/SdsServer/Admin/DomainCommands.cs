using SdsServer.Admin.Mapping;
using SdsServer.Admin.Requests;
using SdsServer.Core.Fleet.Commands;
using SdsServer.Core.Rotation;
using SdsServer.Grpc;
using Api = SdsServer.Protos.Admin.V1;

namespace SdsServer.Admin;

/// <summary>The one place where what became of a command turns into an error of the API.</summary>
internal sealed class DomainCommands(TrustDomainAccess access, TrustDomainMapper domains, RefusalMapper refusals)
{
    /// <summary>Passes a command that was carried out.</summary>
    /// <param name="outcome">What became of it.</param>
    /// <param name="expected">The revision the caller stated.</param>
    /// <param name="resource">What the command was about.</param>
    /// <param name="field">The field to blame when the command makes no sense.</param>
    public async Task RequireDoneAsync(CommandOutcome outcome, long? expected, string resource, string field, CancellationToken cancellation)
    {
        if (await ErrorAsync(outcome, expected, resource, field, cancellation) is { } error)
        {
            throw error;
        }
    }

    /// <summary>The error of a command that was not carried out; null for one that was.</summary>
    public async Task<RpcException?> ErrorAsync(CommandOutcome outcome, long? expected, string resource, string field, CancellationToken cancellation) => outcome.Status switch
    {
        CommandStatus.Done => null,
        CommandStatus.Refused => AdminErrors.Refused(refusals.Map(outcome.Refusal!, outcome.Message)),
        CommandStatus.Aborted => await ConflictAsync(expected ?? 0, outcome.Message, cancellation),
        CommandStatus.NotFound => AdminErrors.NotFound(resource, outcome.Message),
        CommandStatus.Invalid => AdminErrors.Invalid(field, $"cannot be taken: {outcome.Message}"),
        _ => throw new InvalidOperationException($"unknown status {outcome.Status}"),
    };

    /// <summary>Refuses a command whose caller decided on an older state, before anything is done for it.</summary>
    public void RequireRevision(DomainReading reading, long? expected)
    {
        if (expected is { } revision && revision != reading.State.Decisions)
        {
            throw AdminErrors.RevisionChanged(
                revision,
                domains.Map(reading),
                $"the trust domain is at revision {reading.State.Decisions}, not {revision}: look at it again, then repeat the command");
        }
    }

    /// <summary>A refusal that the engine was not asked for.</summary>
    public static Api.Refusal Refusal(Api.RefusalCode code, string message, Gate? gate = null) =>
        new() { Code = code, Message = message, Gate = gate is { } at ? Labels.Of(at) : Api.GateCode.Unspecified };

    private async Task<RpcException> ConflictAsync(long expected, string message, CancellationToken cancellation) =>
        AdminErrors.RevisionChanged(expected, domains.Map(await access.ReadAsync(DomainReading.Of, cancellation)), message);
}
