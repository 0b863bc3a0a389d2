namespace SdsServer.Core.Rotation;

/// <summary>Why something keeps a gate shut.</summary>
public enum BlockerReason
{
    /// <summary>Has not proven that it enforces the bundle.</summary>
    PendingAck,

    /// <summary>Refused a secret; the detail holds Envoy's words.</summary>
    Nacked,

    /// <summary>Not connected; counts until its last leaf expires.</summary>
    Absent,

    /// <summary>Holds a leaf that only the root to be dropped vouches for.</summary>
    NeedsOutgoingRoot,

    /// <summary>A replica may have handed out an older bundle.</summary>
    StaleReplica,

    /// <summary>A wait that runs from complete evidence.</summary>
    Soak,

    /// <summary>The signing authority cannot sign as it should.</summary>
    Signer,

    /// <summary>The new leader waits until every process that may hold an older bundle has had time to show up.</summary>
    YoungTerm,

    /// <summary>The root is not fit to be trusted.</summary>
    UnfitRoot,

    /// <summary>In a wave begun, and not yet shown to use its new leaf.</summary>
    PendingLeaf,

    /// <summary>Takes leaves but no bundle from here: an operator confirms what it trusts, or retires it.</summary>
    UnmanagedTrust,

    /// <summary>The webhook has not agreed.</summary>
    Webhook,

    /// <summary>The step waits for an operator.</summary>
    Approval,

    /// <summary>Connects over TLS, and is not known to accept the root that the server's own certificate is to move to.</summary>
    MissingAnchor,
}
