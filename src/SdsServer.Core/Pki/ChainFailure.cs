namespace SdsServer.Core.Pki;

/// <summary>Why Envoy would refuse a chain.</summary>
public enum ChainFailure
{
    /// <summary>No chain at all.</summary>
    Empty,

    /// <summary>More certificates than any mesh needs.</summary>
    TooLong,

    /// <summary>Certificates that name each other as issuers in more ways than are tried.</summary>
    TooManyPaths,

    /// <summary>A certificate's issuer is neither among the anchors nor in the chain.</summary>
    UnknownIssuer,

    /// <summary>The issuer's key did not make the signature.</summary>
    BadSignature,

    /// <summary>A key or signature algorithm outside what all supported Envoys take.</summary>
    Algorithm,

    /// <summary>Past its NotAfter.</summary>
    Expired,

    /// <summary>Before its NotBefore.</summary>
    NotYetValid,

    /// <summary>An issuer without CA:TRUE, or without keyCertSign.</summary>
    NotAuthority,

    /// <summary>More intermediates than an authority allows.</summary>
    PathLength,

    /// <summary>The leaf's key usage lacks digitalSignature.</summary>
    KeyUsage,

    /// <summary>An extended key usage in the chain lacks the purpose.</summary>
    ExtendedKeyUsage,

    /// <summary>A name outside an authority's name constraints.</summary>
    NameConstraints,

    /// <summary>A critical extension Envoy does not process.</summary>
    CriticalExtension,

    /// <summary>Some candidates for an issuer work and some do not; which one Envoy takes depends on its release.</summary>
    Ambiguous,
}
