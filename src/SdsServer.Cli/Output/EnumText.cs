using SdsServer.Cli.Admin;
using SdsServer.Protos.Admin.V1;

namespace SdsServer.Cli.Output;

/// <summary>The API's words in plain English.</summary>
internal static class EnumText
{
    public static string Of(Phase phase) => phase == Phase.Unspecified ? "unknown" : phase.ToString();

    /// <summary>What a phase means for the mesh. Authorities are named: old and new would change places on the way back.</summary>
    public static string Meaning(Rotation rotation)
    {
        (string from, string to) = (ResourceName.Id(rotation.FromAuthority), ResourceName.Id(rotation.ToAuthority));
        (string target, string left) = (rotation.Target(), rotation.Left());
        string leaves = rotation is { Goal: Goal.Forward, Waves: { } waves } && waves.Index < waves.Count
            ? $"leaves of {target} for the waves begun, of {left} for all others"
            : $"everyone gets a leaf of {target}";
        bool intermediate = rotation.Kind == RotationKind.Intermediate;
        return rotation.Phase switch
        {
            Phase.Distributing when intermediate => $"{left} signs; both end at the same root",
            Phase.Issuing when intermediate => $"{leaves}; both end at the same root",
            Phase.Drained or Phase.Removing when intermediate => $"the last leaves of {left} are replaced",
            Phase.Distributing => $"everyone gets {from} and {to}, {left} signs",
            Phase.Issuing => $"{from} and {to} trusted, {leaves}",
            Phase.Drained => $"{from} and {to} trusted, no leaf needs {left} any more",
            Phase.Removing => $"{left} has left the bundle, but not yet every proxy",
            Phase.Steady => "no rotation",
            _ => "unknown",
        };
    }

    public static string Of(GateKind kind) => kind switch
    {
        GateKind.Ack => "answers",
        GateKind.Approval => "your approval",
        GateKind.Time => "time alone (unsafe)",
        GateKind.Webhook => "the webhook",
        _ => "-",
    };

    public static string Of(Goal goal) => goal switch { Goal.Forward => "forward", Goal.Back => "back", _ => "-" };

    public static string Of(AuthorityRole role) => role switch
    {
        AuthorityRole.Active => "active",
        AuthorityRole.Passive => "passive",
        AuthorityRole.Inactive => "inactive",
        _ => "unknown",
    };

    public static string Of(AuthorityProvider provider) => provider switch
    {
        AuthorityProvider.Builtin => "built-in",
        AuthorityProvider.Imported => "imported",
        AuthorityProvider.Vault => "vault",
        AuthorityProvider.CertManager => "cert-manager",
        AuthorityProvider.AwsPrivateCa => "aws-private-ca",
        _ => "unknown",
    };

    public static string Of(KeyAlgorithm algorithm) => algorithm switch
    {
        KeyAlgorithm.P256 => "p256",
        KeyAlgorithm.P384 => "p384",
        KeyAlgorithm.Rsa2048 => "rsa2048",
        KeyAlgorithm.Rsa4096 => "rsa4096",
        _ => "unknown",
    };

    public static string Of(RotationState state) => state switch
    {
        RotationState.Active => "active",
        RotationState.Completed => "completed",
        RotationState.RolledBack => "rolled back",
        RotationState.Preempted => "pre-empted",
        _ => "unknown",
    };

    public static string Of(InstanceState state) => state switch
    {
        InstanceState.Member => "member",
        InstanceState.Pending => "pending",
        InstanceState.Absent => "absent",
        InstanceState.Quarantined => "quarantined",
        _ => "unknown",
    };

    public static string Of(LeafState state) => state == LeafState.Unspecified ? "unknown" : state.ToString().ToLowerInvariant();

    public static string Of(AuditOutcome outcome) => outcome == AuditOutcome.Unspecified ? "unknown" : outcome.ToString().ToLowerInvariant();

    /// <summary>The gate's name and what opens it, where no rotation says which roots they are.</summary>
    public static string Of(GateCode gate) => gate switch
    {
        GateCode.G0AddTrust => "G0 (the root is fit for the bundle)",
        GateCode.G1SetSigner => "G1 (everyone trusts the root that is to sign)",
        GateCode.G2NextWave => "G2 (the wave is proven and healthy)",
        GateCode.G3DropTrust => "G3 (no leaf needs the root that is to go)",
        GateCode.G4Gone => "G4 (nobody trusts the root that has gone)",
        _ => "unknown",
    };

    /// <summary>The same with the authorities of a rotation.</summary>
    public static string Of(GateCode gate, Rotation rotation) => gate switch
    {
        GateCode.G0AddTrust => $"G0 ({rotation.Target()} is fit for the bundle)",
        GateCode.G1SetSigner => $"G1 (everyone trusts {(rotation.Kind == RotationKind.Intermediate ? "the root of " : "")}{rotation.Target()})",
        GateCode.G3DropTrust or GateCode.G4Gone when rotation.Kind == RotationKind.Intermediate => $"{Of(gate)[..2]} (no leaf of {rotation.Left()} is left)",
        GateCode.G3DropTrust => $"G3 (no leaf needs {rotation.Left()})",
        GateCode.G4Gone => $"G4 (nobody trusts {rotation.Left()} any more)",
        _ => Of(gate),
    };

    public static string Of(BlockerReason reason) => reason switch
    {
        BlockerReason.PendingAck => "has not answered yet",
        BlockerReason.Nacked => "refused what it was sent",
        BlockerReason.Absent => "not connected",
        BlockerReason.StaleReplica => "replica is behind",
        BlockerReason.ExportNotReadBack => "export not read back",
        BlockerReason.Soak => "waiting time",
        BlockerReason.UnmanagedTrust => "takes no bundle from us",
        BlockerReason.NeedsOldRoot => "holds a leaf of what is to go",
        BlockerReason.OldSigner => "still signed by what is to go",
        BlockerReason.ProviderUnhealthy => "does not sign",
        BlockerReason.LeaderSettling => "server has just started",
        BlockerReason.AwaitingApproval => "waits for your approval",
        BlockerReason.PendingLeaf => "does not use its new leaf yet",
        BlockerReason.Webhook => "webhook has not agreed",
        BlockerReason.MissingAnchor => "not known to accept the server's next certificate",
        _ => "unknown",
    };
}
