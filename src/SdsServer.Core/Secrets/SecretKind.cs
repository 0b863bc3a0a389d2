namespace SdsServer.Core.Secrets;

/// <summary>What a secret name stands for; one name is one kind for ever (a bundle under a leaf's name turns verification off in Envoy).</summary>
public enum SecretKind
{
    /// <summary>The trust domain's roots: Envoy's validation context.</summary>
    Bundle,

    /// <summary>The caller's own certificate chain and key: Envoy's TLS certificate.</summary>
    Leaf,

    /// <summary>Keys for resuming TLS sessions, shared by the processes of one identity: Envoy's session ticket keys.</summary>
    TicketKeys,
}
