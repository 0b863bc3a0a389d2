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
        Action = Action(line),
        Resource = Resource(line),
        Reason = line.Entry.Reason,
        Outcome = Api.AuditOutcome.Done,
        Detail = line.Entry.Evidence.Length > 0 ? $"{line.Entry.Action}; {line.Entry.Evidence}" : line.Entry.Action,
        RequestId = line.Action.Kind == LoggedKind.StartRotation ? line.Action.Subject : "",
    };

    public static Api.Decision MapDecision(LoggedDecision line) => new()
    {
        Time = line.Entry.At.ToTimestamp(),
        Actor = line.Entry.Actor,
        What = line.Entry.Action,
        Why = line.Entry.Reason,
        Counts = { Counts(line.Entry) },
    };

    private string Resource(LoggedDecision line) => line.Action switch
    {
        { Kind: LoggedKind.AddAuthority or LoggedKind.RemoveAuthority, Subject: var id } => names.Authority(id),
        { Kind: LoggedKind.RetireInstance, Subject: var id } => names.Instance(id),
        { IsOfRotation: true } when line.RotationId.Length > 0 => names.Rotation(line.RotationId),
        _ => names.TrustDomain,
    };

    private static string Action(LoggedDecision line) => line.Action.Kind switch
    {
        LoggedKind.TurnBack => "RollbackRotation",
        LoggedKind.TurnForward => "ResumeForward",
        LoggedKind.Hold => "HoldRotation",
        LoggedKind.Unhold => "UnholdRotation",
        LoggedKind.AddAuthority => "CreateAuthority",
        LoggedKind.RemoveAuthority => "DeleteAuthority",
        LoggedKind.Other => line.Entry.Action,
        var kind => kind.ToString(),
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
