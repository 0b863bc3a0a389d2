using SdsServer.Core.Rotation;
using Api = SdsServer.Protos.Admin.V1;

namespace SdsServer.Admin.Mapping;

/// <summary>The engine's words for where a rotation stands as the API's, and back.</summary>
internal static class Labels
{
    public static Api.Phase Of(RotationPhase phase) => phase switch
    {
        RotationPhase.Steady => Api.Phase.Steady,
        RotationPhase.Distributing => Api.Phase.Distributing,
        RotationPhase.Issuing => Api.Phase.Issuing,
        RotationPhase.Drained => Api.Phase.Drained,
        RotationPhase.Removing => Api.Phase.Removing,
        _ => throw new ArgumentOutOfRangeException(nameof(phase), phase, null),
    };

    public static Api.Goal Of(RotationGoal goal) => goal == RotationGoal.Forward ? Api.Goal.Forward : Api.Goal.Back;

    public static Api.HoldCause Of(HoldCause cause) => cause switch
    {
        HoldCause.Operator => Api.HoldCause.Operator,
        HoldCause.Nack => Api.HoldCause.Nack,
        HoldCause.Deadline => Api.HoldCause.Deadline,
        HoldCause.Clock => Api.HoldCause.Clock,
        HoldCause.Invariant => Api.HoldCause.Invariant,
        HoldCause.OlderStore => Api.HoldCause.OlderStore,
        HoldCause.Silent => Api.HoldCause.Silent,
        HoldCause.Webhook => Api.HoldCause.Webhook,
        _ => throw new ArgumentOutOfRangeException(nameof(cause), cause, null),
    };

    /// <summary>The engine's cause; null for none.</summary>
    public static HoldCause? Of(Api.HoldCause cause) => cause switch
    {
        Api.HoldCause.Operator => HoldCause.Operator,
        Api.HoldCause.Nack => HoldCause.Nack,
        Api.HoldCause.Deadline => HoldCause.Deadline,
        Api.HoldCause.Clock => HoldCause.Clock,
        Api.HoldCause.Invariant => HoldCause.Invariant,
        Api.HoldCause.OlderStore => HoldCause.OlderStore,
        Api.HoldCause.Silent => HoldCause.Silent,
        Api.HoldCause.Webhook => HoldCause.Webhook,
        _ => null,
    };

    public static Api.GateCode Of(Gate gate) => gate switch
    {
        Gate.G0 => Api.GateCode.G0AddTrust,
        Gate.G1 => Api.GateCode.G1SetSigner,
        Gate.G2 => Api.GateCode.G2NextWave,
        Gate.G3 => Api.GateCode.G3DropTrust,
        Gate.G4 => Api.GateCode.G4Gone,
        _ => throw new ArgumentOutOfRangeException(nameof(gate), gate, null),
    };

    /// <summary>The engine's gate; null for none.</summary>
    public static Gate? Of(Api.GateCode gate) => gate switch
    {
        Api.GateCode.G0AddTrust => Gate.G0,
        Api.GateCode.G1SetSigner => Gate.G1,
        Api.GateCode.G2NextWave => Gate.G2,
        Api.GateCode.G3DropTrust => Gate.G3,
        Api.GateCode.G4Gone => Gate.G4,
        _ => null,
    };

    public static Api.RotationKind Of(RotationKind kind) => kind switch
    {
        RotationKind.Planned => Api.RotationKind.Planned,
        RotationKind.Emergency => Api.RotationKind.Emergency,
        RotationKind.Intermediate => Api.RotationKind.Intermediate,
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, null),
    };

    /// <summary>The engine's kind; null for none.</summary>
    public static RotationKind? Of(Api.RotationKind kind) => kind switch
    {
        Api.RotationKind.Planned => RotationKind.Planned,
        Api.RotationKind.Emergency => RotationKind.Emergency,
        Api.RotationKind.Intermediate => RotationKind.Intermediate,
        _ => null,
    };

    public static Api.AuthorityRole Of(AuthorityRole role) => role switch
    {
        AuthorityRole.Active => Api.AuthorityRole.Active,
        AuthorityRole.Passive => Api.AuthorityRole.Passive,
        AuthorityRole.Inactive => Api.AuthorityRole.Inactive,
        _ => throw new ArgumentOutOfRangeException(nameof(role), role, null),
    };

    /// <summary>The engine's role; null for none.</summary>
    public static AuthorityRole? Of(Api.AuthorityRole role) => role switch
    {
        Api.AuthorityRole.Active => AuthorityRole.Active,
        Api.AuthorityRole.Passive => AuthorityRole.Passive,
        Api.AuthorityRole.Inactive => AuthorityRole.Inactive,
        _ => null,
    };

    public static Api.GateKind Of(GateKind kind) => kind switch
    {
        GateKind.Ack => Api.GateKind.Ack,
        GateKind.Approval => Api.GateKind.Approval,
        GateKind.Time => Api.GateKind.Time,
        GateKind.Webhook => Api.GateKind.Webhook,
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, null),
    };
}
