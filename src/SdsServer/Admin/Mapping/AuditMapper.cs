using System.Globalization;
using Google.Protobuf.WellKnownTypes;
using SdsServer.Admin.Log;
using SdsServer.Admin.Requests;
using SdsServer.Core.Rotation;
using Api = SdsServer.Protos.Admin.V1;
using Decision = SdsServer.Core.Rotation.Decision;

namespace SdsServer.Admin.Mapping;

/// <summary>A line of the log as the API shows it, on its own and as part of a rotation.</summary>
internal sealed class AuditMapper(ResourceNames names)
{
    public Api.AuditEntry Map(LoggedDecision line) => new()
    {
        Name = names.AuditEntry(line.Number),
        Number = line.Number,
        Time = line.Entry.At.ToTimestamp(),
        Actor = line.Entry.Actor,
        Action = line.Entry.Kind switch
        {
            DecisionKind.Unspecified => line.Entry.Action,
            DecisionKind.SetRole => "SetAuthorityRole",
            DecisionKind kind => kind.ToString(),
        },
        Resource = Resource(line.Entry),
        Reason = line.Entry.Reason,
        Outcome = line.Entry.Outcome switch
        {
            DecisionOutcome.Done or DecisionOutcome.Unchanged => Api.AuditOutcome.Done,
            DecisionOutcome.Refused => Api.AuditOutcome.Refused,
            DecisionOutcome.Denied => Api.AuditOutcome.Denied,
            _ => Api.AuditOutcome.Failed,
        },
        Detail = Detail(line.Entry),
        Revision = line.Entry.Revision,
        RequestId = line.Entry.Kind == DecisionKind.StartRotation ? line.Entry.RotationId : "",
    };

    public static Api.Decision MapDecision(LoggedDecision line) => new()
    {
        Time = line.Entry.At.ToTimestamp(),
        Actor = line.Entry.Actor,
        What = line.Entry.Action,
        Why = line.Entry.Reason,
        Counts = { Counts(line.Entry) },
    };

    private string Resource(Decision entry) => entry switch
    {
        { RotationId: { Length: > 0 } id } => names.Rotation(id),
        { Subject: "" } => names.TrustDomain,
        { Kind: DecisionKind.CreateAuthority or DecisionKind.DeleteAuthority or DecisionKind.SetRole, Subject: var id } => names.Authority(id),
        { Kind: DecisionKind.RetireInstance or DecisionKind.RepushSecrets or DecisionKind.ConfirmTrust, Subject: var id } => names.Instance(id),
        { Kind: DecisionKind.CreateToken or DecisionKind.DeleteToken, Subject: var id } => names.Token(id),
        _ => names.TrustDomain,
    };

    private static string Detail(Decision entry) => entry switch
    {
        { Outcome: DecisionOutcome.Unchanged } => $"{entry.Action}: there was nothing to change",
        { Error.Length: > 0 } => $"{entry.Action}: {entry.Error}",
        { Evidence.Length: > 0 } => $"{entry.Action}; {entry.Evidence}",
        _ => entry.Action,
    };

    // The engine writes "epoch 4, floor 3, members 20".
    private static Dictionary<string, long> Counts(Decision entry)
    {
        Dictionary<string, long> counts = [];
        foreach (string part in entry.Evidence.Split(", "))
        {
            if (part.Split(' ') is [var name, var number] && long.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out long count))
            {
                counts[name] = count;
            }
        }

        return counts;
    }
}
