namespace SdsServer.Core.Pki;

/// <summary>The keys every supported Envoy can use: it refuses RSA below 2048 bits, and accepts P-521 and Ed25519 only to fail the handshake.</summary>
public enum KeyAlgorithm
{
    /// <summary>ECDSA on NIST P-256: the default everywhere.</summary>
    EcdsaP256,

    /// <summary>ECDSA on NIST P-384: about fifty times slower to sign with than P-256.</summary>
    EcdsaP384,

    /// <summary>RSA with 2048 bits.</summary>
    Rsa2048,

    /// <summary>RSA with 3072 bits: met on imported roots, never the better choice for a new one.</summary>
    Rsa3072,

    /// <summary>RSA with 4096 bits.</summary>
    Rsa4096,
}
