using System.Security.Cryptography;

namespace SdsServer.Storage.Keys;

/// <summary>
/// The key under which stored private keys are encrypted: 256 bits from a file that others may not read, holding
/// 32 raw bytes, or those as hex or base64 text. It is used through HKDF only: one derived key wraps, another proves which key it is.
/// </summary>
internal sealed class KeyEncryptionKey : IDisposable
{
    public const int Size = 32;

    private readonly byte[] _wrapping = GC.AllocateArray<byte>(Size, pinned: true);
    private readonly byte[] _proof = GC.AllocateArray<byte>(Size, pinned: true);

    private KeyEncryptionKey(ReadOnlySpan<byte> key)
    {
        HKDF.DeriveKey(HashAlgorithmName.SHA256, key, _wrapping, salt: default, "SdsServer key wrapping 1"u8);
        HKDF.DeriveKey(HashAlgorithmName.SHA256, key, _proof, salt: default, "SdsServer key check 1"u8);
    }

    /// <summary>Reads the key. Throws <see cref="StoreOpenException"/> if the file is missing, open to others, or holds something else.</summary>
    public static KeyEncryptionKey FromFile(string path)
    {
        Span<byte> key = stackalloc byte[Size];
        try
        {
            KeyEncryptionKeyFile.Read(path, key);
            return new KeyEncryptionKey(key);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(key);
        }
    }

    /// <summary>Makes a key and its file, 32 raw bytes with mode 0600. Throws <see cref="StoreOpenException"/> if it cannot, or the file exists.</summary>
    public static KeyEncryptionKey CreateFile(string path)
    {
        Span<byte> key = stackalloc byte[Size];
        try
        {
            RandomNumberGenerator.Fill(key);
            KeyEncryptionKeyFile.Create(path, key);
            return new KeyEncryptionKey(key);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(key);
        }
    }

    /// <summary>A value that tells this key from every other one and nothing else about it.</summary>
    public byte[] CheckValue(ReadOnlySpan<byte> salt) => HMACSHA256.HashData(_proof, salt);

    /// <summary>The cipher that wraps; the caller disposes it.</summary>
    public AesGcm Cipher() => new(_wrapping, AesGcm.TagByteSizes.MaxSize);

    public void Dispose()
    {
        CryptographicOperations.ZeroMemory(_wrapping);
        CryptographicOperations.ZeroMemory(_proof);
    }

    public override string ToString() => "KeyEncryptionKey (redacted)";
}
