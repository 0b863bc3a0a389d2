using SdsServer.Admin.Requests;
using SdsServer.Core.Rotation;

namespace SdsServer.Admin.Log;

/// <summary>Writes the lines of operators' commands that the engine does not write: refusals, and what is no part of the trust state.</summary>
internal sealed class AuditLog(TrustDomainAccess access, ITrustStore store, string trustDomain, ResourceNames names, TimeProvider time, ILogger logger)
{
    private const int MaxError = 1_000;

    /// <summary>An answer waits no longer for its line: it is true without it, and the process's log has it.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    /// <summary>The line of a command at this state.</summary>
    /// <param name="subject">Id of what it has made; null takes the id in the request's resource.</param>
    public Decision Entry(OperatorCommand command, DecisionOutcome outcome, TrustState state, string error = "", string? subject = null)
    {
        (string collection, string id) = names.Find(command.Resource.Split(' ')[0]);
        bool ofRotation = collection == ResourceNames.Rotations;
        return new Decision
        {
            At = time.GetUtcNow(),
            Actor = command.Actor,
            Kind = command.Kind,
            Subject = subject ?? (ofRotation ? "" : id),
            RotationId = ofRotation ? id : "",
            Action = $"{command.Kind} {command.Resource}",
            Reason = command.Reason,
            Outcome = outcome,
            Error = LogText.Of(error, MaxError),
            Revision = state.Decisions,
        };
    }

    /// <summary>Appends the line of a command. Never throws: what became of the command stands, whether it could be written or not.</summary>
    public async Task AppendAsync(OperatorCommand command, DecisionOutcome outcome, string error = "")
    {
        try
        {
            TrustState state = await access.ReadAsync(engine => engine.State, CancellationToken.None);
            await store.AppendLogAsync(trustDomain, state.Term, [Entry(command, outcome, state, error)], CancellationToken.None).WaitAsync(Limit, time);
        }
        catch (Exception failed)
        {
            AdminLog.NotRecorded(logger, command.Actor, command.Kind, command.Resource, outcome, failed);
        }
    }
}
