using System.Collections.Concurrent;
using System.Diagnostics;
using System.Security.Cryptography;

namespace SdsServer.Core.Pki;

/// <summary>
/// A private key. Safe to use from several threads; never printed, serialised or compared. A leaf's lies here as PKCS#8, which disposing zeroes.
/// Those of authorities live for years: the cryptographic library has them, and no memory of the garbage collector does.
/// </summary>
[DebuggerDisplay("{ToString(),nq}")]
public sealed class PrivateKey : IDisposable
{
    private const string PemLabel = "PRIVATE KEY";

    // RSA with 4096 bits has about 2375.
    private const int LongestRsa = 2560;

    [DebuggerBrowsable(DebuggerBrowsableState.Never)]
    private readonly byte[]? _pkcs8;

    // Instead of the bytes. It is read under a lock and never signs.
    private readonly AsymmetricAlgorithm? _kept;

    // An AsymmetricAlgorithm is not documented as thread-safe, and creating one costs more than a signature.
    // Most keys are leaves' and never sign here.
    private ConcurrentBag<AsymmetricAlgorithm>? _signers;
    private volatile bool _disposed;

    private PrivateKey(byte[]? pkcs8, AsymmetricAlgorithm? kept, PublicKeyInfo publicKey, KeyAlgorithm algorithm)
    {
        _pkcs8 = pkcs8;
        _kept = kept;
        PublicKey = publicKey;
        Algorithm = algorithm;
        Span<byte> der = stackalloc byte[kept is RSA ? LongestRsa : 0];
        Pkcs8Length = pkcs8?.Length ?? (kept is RSA ? WritePkcs8(der) : EcKeyEncoding.Pkcs8Length(algorithm));
        CryptographicOperations.ZeroMemory(der);
    }

    /// <summary>Which kind of key this is.</summary>
    public KeyAlgorithm Algorithm { get; }

    /// <summary>The public half.</summary>
    public PublicKeyInfo PublicKey { get; }

    /// <summary>How many octets <see cref="WritePkcs8"/> writes.</summary>
    public int Pkcs8Length { get; }

    /// <summary>How many octets <see cref="WritePem"/> writes.</summary>
    public int PemLength => PemEncoder.Length(PemLabel, Pkcs8Length);

    /// <summary>Makes a new key for an authority, which is kept as an imported one is.</summary>
    public static PrivateKey GenerateForAuthority(KeyAlgorithm algorithm) => Keep(algorithm switch
    {
        KeyAlgorithm.EcdsaP256 => ECDsa.Create(ECCurve.NamedCurves.nistP256),
        KeyAlgorithm.EcdsaP384 => ECDsa.Create(ECCurve.NamedCurves.nistP384),
        _ => RSA.Create(RsaSize(algorithm)),
    });

    /// <summary>Makes a new key.</summary>
    public static PrivateKey Generate(KeyAlgorithm algorithm)
    {
        switch (algorithm)
        {
            case KeyAlgorithm.EcdsaP256:
            case KeyAlgorithm.EcdsaP384:
                using (ECDsa ecdsa = ECDsa.Create(algorithm == KeyAlgorithm.EcdsaP256 ? ECCurve.NamedCurves.nistP256 : ECCurve.NamedCurves.nistP384))
                {
                    (byte[] pkcs8, PublicKeyInfo publicKey) = Encode(ecdsa, algorithm);
                    return new PrivateKey(pkcs8, kept: null, publicKey, algorithm);
                }

            default:
                using (RSA rsa = RSA.Create(RsaSize(algorithm)))
                {
                    return new PrivateKey(rsa.ExportPkcs8PrivateKey(), kept: null, PublicKeyInfo.Parse(rsa.ExportSubjectPublicKeyInfo()), algorithm);
                }
        }
    }

    /// <summary>Reads an unencrypted PKCS#8 PrivateKeyInfo without trailing bytes.</summary>
    /// <exception cref="FormatException">Not a PKCS#8 key, or a kind of key Envoy cannot use. The message never holds key bytes.</exception>
    public static PrivateKey FromPkcs8(ReadOnlySpan<byte> der) => Import(der, static (key, bytes) =>
    {
        key.ImportPkcs8PrivateKey(bytes, out int read);
        return read;
    });

    /// <summary>Reads one unencrypted PEM key: PKCS#8 (PRIVATE KEY), SEC 1 (EC PRIVATE KEY, also after EC PARAMETERS) or PKCS#1 (RSA PRIVATE KEY).</summary>
    /// <exception cref="FormatException">No such block, more than one, encrypted, or a kind of key Envoy cannot use.</exception>
    public static PrivateKey FromPem(ReadOnlySpan<byte> pem)
    {
        PemDocument document = PemDocument.Parse(pem);
        try
        {
            PemBlock[] keys = [.. document.Blocks.Where(block => block.Label != "EC PARAMETERS")];
            if (keys.Length != 1)
            {
                throw new FormatException($"private key: expected exactly one PEM block with a private key, found {keys.Length}");
            }

            ReadOnlySpan<byte> der = keys[0].Der.Span;
            return keys[0].Label switch
            {
                PemLabel => FromPkcs8(der),
                "EC PRIVATE KEY" => Import(der, static (key, bytes) =>
                {
                    int read = 0;
                    (key as ECDsa)?.ImportECPrivateKey(bytes, out read);
                    return read;
                }),
                "RSA PRIVATE KEY" => Import(der, static (key, bytes) =>
                {
                    int read = 0;
                    (key as RSA)?.ImportRSAPrivateKey(bytes, out read);
                    return read;
                }),
                "ENCRYPTED PRIVATE KEY" => throw new FormatException("private key: it is encrypted; decrypt it first (openssl pkey -in FILE -out PLAIN)"),
                string other => throw new FormatException($"private key: a PEM block {other} is no private key"),
            };
        }
        finally
        {
            document.Zero();
        }
    }

    /// <summary>Writes the key as PKCS#8 DER into memory the caller owns and must zero; returns the octets written.</summary>
    public int WritePkcs8(Span<byte> destination)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (_kept is not { } kept)
        {
            _pkcs8.CopyTo(destination);
            return _pkcs8!.Length;
        }

        lock (kept)
        {
            return kept is ECDsa ecdsa ? WriteEc(ecdsa, destination)
                : kept.TryExportPkcs8PrivateKey(destination, out int written) ? written
                : throw new ArgumentException("the key is longer than that", nameof(destination));
        }
    }

    /// <summary>Writes the key as PEM into memory the caller owns and must zero; returns the octets written. The only way a key becomes text.</summary>
    public int WritePem(Span<byte> destination)
    {
        Span<byte> der = stackalloc byte[Pkcs8Length];
        try
        {
            WritePkcs8(der);
            return PemEncoder.Write(PemLabel, der, destination);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(der);
        }
    }

    /// <summary>True if the PEM is one block that holds exactly this key, as <see cref="WritePem"/> writes it.</summary>
    internal bool IsWrittenIn(ReadOnlySpan<byte> pem)
    {
        Span<byte> der = stackalloc byte[Pkcs8Length];
        WritePkcs8(der);
        PemDocument document;
        try
        {
            document = PemDocument.Parse(pem);
        }
        catch (FormatException)
        {
            return false;
        }

        bool same = document is { Text: [], Blocks: [{ Label: PemLabel } block] } && block.Der.Span.SequenceEqual(der);
        document.Zero();
        CryptographicOperations.ZeroMemory(der);
        return same;
    }

    /// <summary>Signs data as certificates are signed: ECDSA as a DER sequence, RSA with PKCS#1 padding; SHA-256, for P-384 SHA-384.</summary>
    public byte[] Sign(ReadOnlySpan<byte> data)
    {
        Span<byte> signature = stackalloc byte[512];
        return signature[..Sign(data, signature)].ToArray();
    }

    internal int Sign(ReadOnlySpan<byte> data, Span<byte> destination)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        Span<byte> digest = stackalloc byte[SHA384.HashSizeInBytes];
        digest = digest[..CryptographicOperations.HashData(SignatureAlgorithm.For(Algorithm).Hash, data, digest)];
        ConcurrentBag<AsymmetricAlgorithm> signers = LazyInitializer.EnsureInitialized(ref _signers);
        AsymmetricAlgorithm signer = signers.TryTake(out AsymmetricAlgorithm? idle) ? idle : CreateSigner();
        try
        {
            return signer switch
            {
                ECDsa ecdsa => ecdsa.SignHash(digest, destination, DSASignatureFormat.Rfc3279DerSequence),
                RSA rsa => rsa.SignHash(digest, destination, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1),
                _ => throw new UnreachableException(),
            };
        }
        finally
        {
            signers.Add(signer);
            if (_disposed)
            {
                DisposeSigners();
            }
        }
    }

    /// <summary>Zeroes the key. Signing with it afterwards throws.</summary>
    public void Dispose()
    {
        _disposed = true;
        CryptographicOperations.ZeroMemory(_pkcs8);
        DisposeSigners();
        if (_kept is { } kept)
        {
            lock (kept)
            {
                kept.Dispose();
            }
        }
    }

    /// <summary>The kind of key; never its value.</summary>
    public override string ToString() => $"PrivateKey ({PublicKey.Description}, redacted)";

    private static PrivateKey Import(ReadOnlySpan<byte> der, Func<AsymmetricAlgorithm, ReadOnlySpan<byte>, int> import)
    {
        foreach (Func<AsymmetricAlgorithm> create in (ReadOnlySpan<Func<AsymmetricAlgorithm>>)[ECDsa.Create, RSA.Create])
        {
            AsymmetricAlgorithm? key = create();
            try
            {
                int read = import(key, der);
                if (read == 0)
                {
                    continue;
                }

                if (read != der.Length)
                {
                    throw new FormatException("private key: there are bytes after the key");
                }

                PrivateKey kept = Keep(key);
                key = null;
                return kept;
            }
            catch (Exception error) when (error is CryptographicException or PlatformNotSupportedException)
            {
                // The wrong kind for this class, or a curve nobody here knows; after the last one the caller hears so.
            }
            finally
            {
                key?.Dispose();
            }
        }

        throw new FormatException("private key: not an unencrypted EC or RSA key; Envoy can use P-256, P-384 and RSA with 2048, 3072 or 4096 bits");
    }

    /// <param name="key">Taken over, unless this throws.</param>
    private static PrivateKey Keep(AsymmetricAlgorithm key)
    {
        PublicKeyInfo publicKey = PublicKeyInfo.Parse(key.ExportSubjectPublicKeyInfo());
        if (publicKey.Algorithm is not { } algorithm)
        {
            throw new FormatException($"private key: Envoy cannot use {publicKey.Description}; use P-256, P-384 or RSA with 2048, 3072 or 4096 bits");
        }

        return new PrivateKey(pkcs8: null, key, publicKey, algorithm);
    }

    // Not the framework's own PKCS#8 writer: it leaves its buffers to the garbage collector as they are.
    private int WriteEc(ECDsa key, Span<byte> destination)
    {
        (byte[] pkcs8, _) = Encode(key, Algorithm);
        try
        {
            pkcs8.CopyTo(destination);
            return pkcs8.Length;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(pkcs8);
        }
    }

    private static (byte[] Pkcs8, PublicKeyInfo PublicKey) Encode(ECDsa key, KeyAlgorithm algorithm)
    {
        ECParameters parameters = key.ExportParameters(includePrivateParameters: true);
        try
        {
            return EcKeyEncoding.Encode(algorithm, parameters);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(parameters.D);
        }
    }

    private static int RsaSize(KeyAlgorithm algorithm) => algorithm switch
    {
        KeyAlgorithm.Rsa2048 => 2048,
        KeyAlgorithm.Rsa3072 => 3072,
        KeyAlgorithm.Rsa4096 => 4096,
        _ => throw new ArgumentOutOfRangeException(nameof(algorithm), algorithm, "no such key algorithm"),
    };

    private AsymmetricAlgorithm CreateSigner()
    {
        if (_kept is ECDsa kept)
        {
            ECParameters parameters;
            lock (kept)
            {
                parameters = kept.ExportParameters(includePrivateParameters: true);
            }

            try
            {
                return ECDsa.Create(parameters);
            }
            finally
            {
                CryptographicOperations.ZeroMemory(parameters.D);
            }
        }

        Span<byte> der = stackalloc byte[Pkcs8Length];
        AsymmetricAlgorithm signer = Algorithm is KeyAlgorithm.EcdsaP256 or KeyAlgorithm.EcdsaP384 ? ECDsa.Create() : RSA.Create();
        WritePkcs8(der);
        signer.ImportPkcs8PrivateKey(der, out _);
        CryptographicOperations.ZeroMemory(der);
        return signer;
    }

    private void DisposeSigners()
    {
        while (_signers?.TryTake(out AsymmetricAlgorithm? signer) == true)
        {
            signer.Dispose();
        }
    }
}
