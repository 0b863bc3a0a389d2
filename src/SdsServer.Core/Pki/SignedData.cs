using System.Formats.Asn1;

namespace SdsServer.Core.Pki;

/// <summary>The shape certificates, requests and revocation lists share: SEQUENCE { body, algorithm, BIT STRING signature }.</summary>
internal sealed class SignedData
{
    private readonly byte[] _signature;
    private readonly SignatureAlgorithm? _algorithm;

    // Several rules ask the same of one certificate, and each answer costs more than a signature. Nothing it depends on can change.
    private volatile Tuple<PublicKeyInfo, bool>? _lastCheck;

    private SignedData(ReadOnlyMemory<byte> body, ReadOnlyMemory<byte> algorithm, byte[] signature)
    {
        Body = body;
        Algorithm = algorithm;
        _signature = signature;
        _algorithm = SignatureAlgorithm.Find(algorithm.Span);
    }

    /// <summary>What is signed.</summary>
    public ReadOnlyMemory<byte> Body { get; }

    /// <summary>The AlgorithmIdentifier.</summary>
    public ReadOnlyMemory<byte> Algorithm { get; }

    public bool HasKnownAlgorithm => _algorithm is not null;

    public static SignedData Parse(ReadOnlyMemory<byte> der)
    {
        AsnReader reader = new(der, AsnEncodingRules.DER);
        AsnReader outer = reader.ReadSequence();
        reader.ThrowIfNotEmpty();
        ReadOnlyMemory<byte> body = outer.ReadEncodedValue();
        ReadOnlyMemory<byte> algorithm = outer.ReadEncodedValue();
        byte[] signature = outer.ReadBitString(out int unused);
        outer.ThrowIfNotEmpty();
        return unused == 0 ? new SignedData(body, algorithm, signature) : throw new FormatException("the signature does not end on an octet");
    }

    public bool IsSignedBy(PublicKeyInfo key)
    {
        Tuple<PublicKeyInfo, bool>? check = _lastCheck;
        if (check is null || !check.Item1.Equals(key))
        {
            _lastCheck = check = Tuple.Create(key, key.Verify(Body.Span, _signature, _algorithm));
        }

        return check.Item2;
    }

    public static byte[] Sign(AsnWriter body, AsnWriter result, PrivateKey key)
    {
        byte[] bodyDer = System.Buffers.ArrayPool<byte>.Shared.Rent(body.GetEncodedLength());
        try
        {
            ReadOnlySpan<byte> signedPart = bodyDer.AsSpan(0, body.Encode(bodyDer));
            Span<byte> signature = stackalloc byte[512];
            signature = signature[..key.Sign(signedPart, signature)];
            result.Reset();
            using (result.PushSequence())
            {
                result.WriteEncodedValue(signedPart);
                result.WriteEncodedValue(SignatureAlgorithm.For(key.Algorithm).Identifier);
                result.WriteBitString(signature);
            }

            return result.Encode();
        }
        finally
        {
            System.Buffers.ArrayPool<byte>.Shared.Return(bodyDer);
        }
    }
}
