namespace SdsServer.Identity.X509;

/// <summary>Which check a client certificate failed.</summary>
internal enum CertificateRefusal
{
    /// <summary>It cannot be read.</summary>
    Malformed,

    /// <summary>It ends at nothing that is trusted here, or its chain breaks a rule.</summary>
    Untrusted,

    /// <summary>Its root is known to be stolen.</summary>
    Tainted,

    /// <summary>It is no certificate of a workload of this trust domain.</summary>
    NoWorkload,

    /// <summary>No rule of the configuration fits its names.</summary>
    NoRule,

    /// <summary>It was taken back.</summary>
    Revoked,

    /// <summary>There is no revocation list that is valid now, so it may be revoked.</summary>
    Unchecked,

    Expired,

    NotYetValid,

    /// <summary>It names another workload than the token that came with it.</summary>
    Contradicted,
}
