using System.Collections.Frozen;
using System.Security.Cryptography;

namespace SdsServer.Identity.Jwt;

/// <summary>
/// A signature algorithm of RFC 7518 section 3 with public keys. There is no <c>none</c> and no HMAC: with those whoever reads the public
/// keys could sign. EdDSA is missing because the runtime has no Ed25519.
/// </summary>
/// <param name="Name">As <c>alg</c> says it.</param>
/// <param name="Padding">Of RSA; null: ECDSA.</param>
/// <param name="Curve">As <c>crv</c> says it; null: RSA.</param>
internal sealed record JwtAlgorithm(string Name, HashAlgorithmName Hash, RSASignaturePadding? Padding, string? Curve)
{
    public static FrozenDictionary<string, JwtAlgorithm> All { get; } = new JwtAlgorithm[]
    {
        new("RS256", HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1, null),
        new("RS384", HashAlgorithmName.SHA384, RSASignaturePadding.Pkcs1, null),
        new("RS512", HashAlgorithmName.SHA512, RSASignaturePadding.Pkcs1, null),
        new("PS256", HashAlgorithmName.SHA256, RSASignaturePadding.Pss, null),
        new("PS384", HashAlgorithmName.SHA384, RSASignaturePadding.Pss, null),
        new("PS512", HashAlgorithmName.SHA512, RSASignaturePadding.Pss, null),
        new("ES256", HashAlgorithmName.SHA256, null, "P-256"),
        new("ES384", HashAlgorithmName.SHA384, null, "P-384"),
        new("ES512", HashAlgorithmName.SHA512, null, "P-521"),
    }.ToFrozenDictionary(algorithm => algorithm.Name, StringComparer.Ordinal);
}
