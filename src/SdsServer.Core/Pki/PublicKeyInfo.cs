using System.Collections.Concurrent;
using System.Formats.Asn1;
using System.Security.Cryptography;

namespace SdsServer.Core.Pki;

/// <summary>A SubjectPublicKeyInfo (RFC 5280 4.1.2.7). Immutable, equal by its DER.</summary>
public sealed class PublicKeyInfo : IEquatable<PublicKeyInfo>
{
    private readonly byte[] _der;
    private readonly byte[] _keyIdentifier;

    // An authority's key verifies every leaf, and importing it costs twice as much as verifying; most other keys verify once or never.
    private ConcurrentBag<AsymmetricAlgorithm>? _verifiers;

    private PublicKeyInfo(byte[] der, ReadOnlySpan<byte> keyBits, KeyAlgorithm? algorithm, string description)
    {
        _der = der;
        _keyIdentifier = SHA256.HashData(keyBits)[..20];
        Algorithm = algorithm;
        Description = description;
    }

    /// <summary>The algorithm, or null if Envoy cannot use this key (P-521, Ed25519, RSA below 2048 bits, anything unknown).</summary>
    public KeyAlgorithm? Algorithm { get; }

    /// <summary>The key in words, also where <see cref="Algorithm"/> is null: "P-256", "RSA-1024", "Ed25519".</summary>
    public string Description { get; }

    /// <summary>The DER of the SubjectPublicKeyInfo.</summary>
    public ReadOnlyMemory<byte> Der => _der;

    /// <summary>20 octets: SHA-256 of the key bits, cut (RFC 7093 section 2, method 1). What we write as subject key identifier.</summary>
    public ReadOnlyMemory<byte> KeyIdentifier => _keyIdentifier;

    /// <summary>Reads one SubjectPublicKeyInfo without trailing bytes. Keys we cannot use are read too, with a null <see cref="Algorithm"/>.</summary>
    /// <exception cref="FormatException">The bytes are not a SubjectPublicKeyInfo, or the key is malformed.</exception>
    public static PublicKeyInfo Parse(ReadOnlyMemory<byte> der)
    {
        try
        {
            AsnReader reader = new(der, AsnEncodingRules.DER);
            AsnReader sequence = reader.ReadSequence();
            reader.ThrowIfNotEmpty();
            AsnReader identifier = sequence.ReadSequence();
            byte[] bits = sequence.ReadBitString(out int unused);
            sequence.ThrowIfNotEmpty();
            string oid = identifier.ReadObjectIdentifier();
            if (unused != 0)
            {
                throw new FormatException("public key: the key bits do not end on an octet");
            }

            (KeyAlgorithm? algorithm, string description) = Describe(oid, identifier, bits);
            return new PublicKeyInfo(der.ToArray(), bits, algorithm, description);
        }
        catch (AsnContentException error)
        {
            throw new FormatException($"public key: not a SubjectPublicKeyInfo ({error.Message})", error);
        }
    }

    internal static PublicKeyInfo FromParts(byte[] der, ReadOnlySpan<byte> keyBits, KeyAlgorithm algorithm, string description) =>
        new(der, keyBits, algorithm, description);

    /// <summary>True if the signature over data was made with the private half of this key. False also for algorithms that do not fit the key.</summary>
    internal bool Verify(ReadOnlySpan<byte> data, ReadOnlySpan<byte> signature, SignatureAlgorithm? algorithm)
    {
        if (algorithm is null || Algorithm is not { } key || algorithm.IsRsa != key is KeyAlgorithm.Rsa2048 or KeyAlgorithm.Rsa3072 or KeyAlgorithm.Rsa4096)
        {
            return false;
        }

        AsymmetricAlgorithm? verifier = null;
        try
        {
            verifier = _verifiers?.TryTake(out AsymmetricAlgorithm? idle) == true ? idle : CreateVerifier(algorithm.IsRsa);
            return verifier is RSA rsa
                ? rsa.VerifyData(data, signature, algorithm.Hash, RSASignaturePadding.Pkcs1)
                : ((ECDsa)verifier).VerifyData(data, signature, algorithm.Hash, DSASignatureFormat.Rfc3279DerSequence);
        }
        catch (CryptographicException)
        {
            return false; // a point off the curve or a signature that is no DER: OpenSSL refuses both with an exception
        }
        finally
        {
            if (_verifiers is null)
            {
                verifier?.Dispose();
                Interlocked.CompareExchange(ref _verifiers, [], null);
            }
            else if (verifier is not null)
            {
                _verifiers.Add(verifier);
            }
        }
    }

    /// <inheritdoc/>
    public bool Equals(PublicKeyInfo? other) => other is not null && _der.AsSpan().SequenceEqual(other._der);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as PublicKeyInfo);

    /// <inheritdoc/>
    public override int GetHashCode() => BitConverter.ToInt32(_keyIdentifier);

    /// <inheritdoc/>
    public override string ToString() => $"{Description} {Convert.ToHexStringLower(_keyIdentifier)}";

    private AsymmetricAlgorithm CreateVerifier(bool isRsa)
    {
        AsymmetricAlgorithm verifier = isRsa ? RSA.Create() : ECDsa.Create();
        try
        {
            verifier.ImportSubjectPublicKeyInfo(_der, out _);
            return verifier;
        }
        catch
        {
            verifier.Dispose();
            throw;
        }
    }

    private static (KeyAlgorithm? Algorithm, string Description) Describe(string oid, AsnReader identifier, byte[] bits) => oid switch
    {
        Oids.EcPublicKey => DescribeEc(identifier, bits),
        Oids.Rsa => DescribeRsa(bits),
        Oids.Ed25519 => (null, "Ed25519"),
        Oids.Ed448 => (null, "Ed448"),
        _ => (null, $"algorithm {oid}"),
    };

    private static (KeyAlgorithm? Algorithm, string Description) DescribeEc(AsnReader identifier, byte[] bits)
    {
        if (!identifier.PeekTag().HasSameClassAndValue(Asn1Tag.ObjectIdentifier))
        {
            return (null, "EC key with explicit curve parameters");
        }

        string curve = identifier.ReadObjectIdentifier();
        (KeyAlgorithm? algorithm, string name, int fieldSize) = curve switch
        {
            Oids.P256 => (KeyAlgorithm.EcdsaP256, "P-256", 32),
            Oids.P384 => (KeyAlgorithm.EcdsaP384, "P-384", 48),
            Oids.P521 => (default(KeyAlgorithm?), "P-521", 66),
            _ => (null, $"EC curve {curve}", 0),
        };
        return algorithm is null || (bits.Length == 1 + (2 * fieldSize) && bits[0] == 4)
            ? (algorithm, name)
            : throw new FormatException($"public key: a {name} key must be an uncompressed point of {1 + (2 * fieldSize)} octets");
    }

    private static (KeyAlgorithm? Algorithm, string Description) DescribeRsa(byte[] bits)
    {
        AsnReader key = new AsnReader(bits, AsnEncodingRules.DER).ReadSequence();
        System.Numerics.BigInteger modulus = key.ReadInteger();
        System.Numerics.BigInteger exponent = key.ReadInteger();
        int size = checked((int)modulus.GetBitLength());
        if (modulus.Sign <= 0 || exponent < 3 || exponent.IsEven || exponent.GetBitLength() > 33)
        {
            return (null, $"RSA-{size} with an unusable modulus or exponent");
        }

        KeyAlgorithm? algorithm = size switch
        {
            2048 => KeyAlgorithm.Rsa2048,
            3072 => KeyAlgorithm.Rsa3072,
            4096 => KeyAlgorithm.Rsa4096,
            _ => null,
        };
        return (algorithm, $"RSA-{size}");
    }
}
