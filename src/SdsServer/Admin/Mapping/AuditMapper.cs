using System.Globalization;
using Google.Protobuf.WellKnownTypes;
using SdsServer.Admin.Log;
using SdsServer.Admin.Requests;
using SdsServer.Core.Audit;
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
        Hash = line.Hash,
    };

    /// <summary>A line as it is hashed.</summary>
    public static Api.AuditRecord MapRecord(string trustDomain, string previousHash, LogLine line) => new()
    {
        TrustDomain = trustDomain,
        Number = line.Number,
        Time = line.Entry.At.ToTimestamp(),
        Actor = line.Actor,
        Kind = line.Kind,
        Subject = line.Subject,
        RotationId = line.RotationId,
        Action = line.Action,
        Reason = line.Reason,
        Evidence = line.Evidence,
        Outcome = line.Outcome,
        Error = line.Error,
        Revision = line.Revision,
        PreviousHash = previousHash,
        Hash = line.Hash,
    };

    public static Api.VerifyAuditLogResponse MapReport(LogReport report) => new()
    {
        Head = new Api.AuditHead { Number = report.Head.Number, Hash = report.Head.Hash },
        Lines = report.Lines,
        FirstBreak = report.Break is null ? null : new Api.AuditBreak
        {
            Number = report.Break.Number,
            Fault = report.Break.Fault switch
            {
                LogFault.Altered => Api.AuditFault.Altered,
                LogFault.Missing => Api.AuditFault.Missing,
                LogFault.Cut => Api.AuditFault.Cut,
                LogFault.Foreign => Api.AuditFault.Foreign,
                _ => Api.AuditFault.Unexpected,
            },
            Message = report.Break.Text,
        },
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
        { Kind: DecisionKind.CreateAuthority or DecisionKind.DeleteAuthority or DecisionKind.SetRole or DecisionKind.MoveServing, Subject: var id } => names.Authority(id),
        { Kind: DecisionKind.RetireInstance or DecisionKind.RepushSecrets or DecisionKind.ConfirmTrust or DecisionKind.ConfirmAnchors, Subject: var id } => names.Instance(id),
        { Kind: DecisionKind.CreateRegistration or DecisionKind.UpdateRegistration or DecisionKind.DeleteRegistration, Subject: var id } => names.Registration(id),
        { Kind: DecisionKind.CreateToken or DecisionKind.DeleteToken or DecisionKind.Enrol, Subject: var id } => names.Token(id),
        { Kind: DecisionKind.RenewEnrolment or DecisionKind.RevokeEnrolments, Subject: var serial } => names.Enrolment(serial),
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
