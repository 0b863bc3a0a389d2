using System.Formats.Asn1;
using System.Security.Cryptography;

namespace SdsServer.Core.Pki;

/// <summary>The signature algorithms we make and check, each by its exact AlgorithmIdentifier (RFC 5758 3.2: no parameters with ECDSA; RFC 4055: NULL with RSA).</summary>
internal sealed class SignatureAlgorithm
{
    private static readonly SignatureAlgorithm[] Known =
    [
        new(Oids.EcdsaSha256, HashAlgorithmName.SHA256, isRsa: false),
        new(Oids.EcdsaSha384, HashAlgorithmName.SHA384, isRsa: false),
        new(Oids.EcdsaSha512, HashAlgorithmName.SHA512, isRsa: false),
        new(Oids.RsaSha256, HashAlgorithmName.SHA256, isRsa: true),
        new(Oids.RsaSha384, HashAlgorithmName.SHA384, isRsa: true),
        new(Oids.RsaSha512, HashAlgorithmName.SHA512, isRsa: true),
    ];

    private SignatureAlgorithm(string oid, HashAlgorithmName hash, bool isRsa)
    {
        Hash = hash;
        IsRsa = isRsa;
        AsnWriter writer = new(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            writer.WriteObjectIdentifier(oid);
            if (isRsa)
            {
                writer.WriteNull();
            }
        }

        Identifier = writer.Encode();
    }

    public HashAlgorithmName Hash { get; }

    public bool IsRsa { get; }

    /// <summary>The DER of the AlgorithmIdentifier.</summary>
    public byte[] Identifier { get; }

    public static SignatureAlgorithm For(KeyAlgorithm key) => key switch
    {
        KeyAlgorithm.EcdsaP256 => Known[0],
        KeyAlgorithm.EcdsaP384 => Known[1],
        _ => Known[3],
    };

    public static SignatureAlgorithm? Find(ReadOnlySpan<byte> identifier)
    {
        foreach (SignatureAlgorithm candidate in Known)
        {
            if (identifier.SequenceEqual(candidate.Identifier))
            {
                return candidate;
            }
        }

        return null;
    }
}
