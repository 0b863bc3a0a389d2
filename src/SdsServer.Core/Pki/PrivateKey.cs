using System.Collections.Concurrent;
using System.Diagnostics;
using System.Security.Cryptography;

namespace SdsServer.Core.Pki;

/// <summary>
/// A private key. Safe to use from several threads; never printed, serialised or compared. Disposing zeroes the PKCS#8 bytes.
/// Imported keys (authorities live for years) lie in pinned memory, so that the garbage collector leaves no copies behind.
/// </summary>
[DebuggerDisplay("{ToString(),nq}")]
public sealed class PrivateKey : IDisposable
{
    private const string PemLabel = "PRIVATE KEY";

    [DebuggerBrowsable(DebuggerBrowsableState.Never)]
    private readonly byte[] _pkcs8;

    // An AsymmetricAlgorithm is not documented as thread-safe, and creating one costs more than a signature.
    // Most keys are leaves' and never sign here.
    private ConcurrentBag<AsymmetricAlgorithm>? _signers;
    private volatile bool _disposed;

    private PrivateKey(byte[] pkcs8, PublicKeyInfo publicKey, KeyAlgorithm algorithm)
    {
        _pkcs8 = pkcs8;
        PublicKey = publicKey;
        Algorithm = algorithm;
    }

    /// <summary>Which kind of key this is.</summary>
    public KeyAlgorithm Algorithm { get; }

    /// <summary>The public half.</summary>
    public PublicKeyInfo PublicKey { get; }

    /// <summary>How many octets <see cref="WritePkcs8"/> writes.</summary>
    public int Pkcs8Length => _pkcs8.Length;

    /// <summary>How many octets <see cref="WritePem"/> writes.</summary>
    public int PemLength => PemEncoder.Length(PemLabel, _pkcs8.Length);

    /// <summary>Makes a new key.</summary>
    public static PrivateKey Generate(KeyAlgorithm algorithm)
    {
        switch (algorithm)
        {
            case KeyAlgorithm.EcdsaP256:
            case KeyAlgorithm.EcdsaP384:
                using (ECDsa ecdsa = ECDsa.Create(algorithm == KeyAlgorithm.EcdsaP256 ? ECCurve.NamedCurves.nistP256 : ECCurve.NamedCurves.nistP384))
                {
                    ECParameters parameters = ecdsa.ExportParameters(includePrivateParameters: true);
                    (byte[] pkcs8, PublicKeyInfo publicKey) = EcKeyEncoding.Encode(algorithm, parameters);
                    CryptographicOperations.ZeroMemory(parameters.D);
                    return new PrivateKey(pkcs8, publicKey, algorithm);
                }

            case KeyAlgorithm.Rsa2048:
            case KeyAlgorithm.Rsa3072:
            case KeyAlgorithm.Rsa4096:
                int size = algorithm switch { KeyAlgorithm.Rsa2048 => 2048, KeyAlgorithm.Rsa3072 => 3072, _ => 4096 };
                using (RSA rsa = RSA.Create(size))
                {
                    return new PrivateKey(rsa.ExportPkcs8PrivateKey(), PublicKeyInfo.Parse(rsa.ExportSubjectPublicKeyInfo()), algorithm);
                }

            default:
                throw new ArgumentOutOfRangeException(nameof(algorithm), algorithm, "no such key algorithm");
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
        _pkcs8.CopyTo(destination);
        return _pkcs8.Length;
    }

    /// <summary>Writes the key as PEM into memory the caller owns and must zero; returns the octets written. The only way a key becomes text.</summary>
    public int WritePem(Span<byte> destination)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        return PemEncoder.Write(PemLabel, _pkcs8, destination);
    }

    /// <summary>True if the PEM is one block that holds exactly this key, as <see cref="WritePem"/> writes it.</summary>
    internal bool IsWrittenIn(ReadOnlySpan<byte> pem)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        PemDocument document;
        try
        {
            document = PemDocument.Parse(pem);
        }
        catch (FormatException)
        {
            return false;
        }

        bool same = document is { Text: [], Blocks: [{ Label: PemLabel } block] } && block.Der.Span.SequenceEqual(_pkcs8);
        document.Zero();
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
    }

    /// <summary>The kind of key; never its value.</summary>
    public override string ToString() => $"PrivateKey ({PublicKey.Description}, redacted)";

    private static PrivateKey Import(ReadOnlySpan<byte> der, Func<AsymmetricAlgorithm, ReadOnlySpan<byte>, int> import)
    {
        foreach (Func<AsymmetricAlgorithm> create in (ReadOnlySpan<Func<AsymmetricAlgorithm>>)[ECDsa.Create, RSA.Create])
        {
            using AsymmetricAlgorithm key = create();
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
            }
            catch (Exception error) when (error is CryptographicException or PlatformNotSupportedException)
            {
                continue; // the wrong kind for this class, or a curve nobody here knows; after the last one the caller hears so
            }

            return Copy(key);
        }

        throw new FormatException("private key: not an unencrypted EC or RSA key; Envoy can use P-256, P-384 and RSA with 2048, 3072 or 4096 bits");
    }

    private static PrivateKey Copy(AsymmetricAlgorithm key)
    {
        PublicKeyInfo publicKey = PublicKeyInfo.Parse(key.ExportSubjectPublicKeyInfo());
        if (publicKey.Algorithm is not { } algorithm)
        {
            throw new FormatException($"private key: Envoy cannot use {publicKey.Description}; use P-256, P-384 or RSA with 2048, 3072 or 4096 bits");
        }

        byte[] exported = key.ExportPkcs8PrivateKey();
        byte[] pinned = GC.AllocateUninitializedArray<byte>(exported.Length, pinned: true);
        exported.CopyTo(pinned, 0);
        CryptographicOperations.ZeroMemory(exported);
        return new PrivateKey(pinned, publicKey, algorithm);
    }

    private AsymmetricAlgorithm CreateSigner()
    {
        AsymmetricAlgorithm signer = Algorithm is KeyAlgorithm.EcdsaP256 or KeyAlgorithm.EcdsaP384 ? ECDsa.Create() : RSA.Create();
        signer.ImportPkcs8PrivateKey(_pkcs8, out _);
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
