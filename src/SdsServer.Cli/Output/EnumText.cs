using SdsServer.Protos.Admin.V1;

namespace SdsServer.Cli.Output;

/// <summary>The API's words in plain English.</summary>
internal static class EnumText
{
    public static string Of(Phase phase) => phase == Phase.Unspecified ? "unknown" : phase.ToString();

    /// <summary>What a phase means for the mesh. On the way back the words old and new stand for the same roots as on the way there.</summary>
    public static string Meaning(Phase phase, Goal goal) => (phase, goal) switch
    {
        (Phase.Steady, _) => "one root, no rotation",
        (Phase.Distributing, Goal.Back) => "both roots trusted, the old one signs for everyone again",
        (Phase.Distributing, _) => "everyone gets both roots, the old one signs",
        (Phase.Issuing, Goal.Back) => "both roots trusted, everyone gets a leaf of the old one again",
        (Phase.Issuing, _) => "both roots trusted, everyone gets a leaf of the new one",
        (Phase.Drained, Goal.Back) => "both roots trusted, no leaf of the new one is left",
        (Phase.Drained, _) => "both roots trusted, no leaf of the old one is left",
        (Phase.Removing, Goal.Back) => "the new root has left the bundle, not yet every proxy",
        (Phase.Removing, _) => "the old root has left the bundle, not yet every proxy",
        _ => "unknown",
    };

    /// <summary>The same for a rotation: one below the same root changes no bundle.</summary>
    public static string Meaning(Phase phase, Goal goal, RotationKind kind) => (kind, phase, goal) switch
    {
        (RotationKind.Intermediate, Phase.Distributing, _) => "the old authority signs; both end at the same root",
        (RotationKind.Intermediate, Phase.Issuing, Goal.Back) => "everyone gets a leaf of the old authority again; both end at the same root",
        (RotationKind.Intermediate, Phase.Issuing, _) => "everyone gets a leaf of the new authority; both end at the same root",
        (RotationKind.Intermediate, Phase.Drained or Phase.Removing, _) => "the last leaves of the authority that is left are replaced",
        _ => Meaning(phase, goal),
    };

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

    /// <summary>The gate's name and what opens it.</summary>
    public static string Of(GateCode gate) => gate switch
    {
        GateCode.G0AddTrust => "G0 (the new root is fit for the bundle)",
        GateCode.G1SetSigner => "G1 (everyone trusts the new root)",
        GateCode.G2NextWave => "G2 (the wave is proven and healthy)",
        GateCode.G3DropTrust => "G3 (no leaf needs the old root)",
        GateCode.G4Gone => "G4 (nobody trusts the old root any more)",
        _ => "unknown",
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
        BlockerReason.NeedsOldRoot => "holds a leaf of the old root",
        BlockerReason.OldSigner => "still signed by the old root",
        BlockerReason.ProviderUnhealthy => "does not sign",
        BlockerReason.LeaderSettling => "server has just started",
        BlockerReason.AwaitingApproval => "waits for your approval",
        BlockerReason.PendingLeaf => "does not use its new leaf yet",
        BlockerReason.Webhook => "webhook has not agreed",
        BlockerReason.MissingAnchor => "not known to accept the server's next certificate",
        _ => "unknown",
    };
}
