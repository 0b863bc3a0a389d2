using System.Security.Cryptography;

namespace SdsServer.Storage.Keys;

/// <summary>
/// Envelope encryption of one private key: AES-256-GCM under a random key of its own (the DEK), which is wrapped with AES-256-GCM
/// under the key-encryption key. Both authenticate the <see cref="KeyBinding"/>. Layout of version 1:
/// <code>
/// offset length
///      0      1  format version, 1
///      1     12  nonce of the DEK
///     13     16  tag of the DEK
///     29     32  DEK, encrypted
///     61     12  nonce of the private key
///     73     16  tag of the private key
///     89      n  private key (PKCS#8), encrypted
/// </code>
/// </summary>
internal static class KeyEncryption
{
    private const byte Version = 1;
    private const int Nonce = 12;
    private const int Tag = 16;
    private const int Dek = 32;
    private const int Wrapped = Nonce + Tag + Dek;
    private const int Header = 1 + Wrapped + Nonce + Tag;

    /// <summary>The envelope of a private key. The plaintext stays the caller's to zero.</summary>
    public static byte[] Encrypt(KeyEncryptionKey kek, KeyBinding binding, ReadOnlySpan<byte> plaintext)
    {
        byte[] envelope = new byte[Header + plaintext.Length];
        envelope[0] = Version;
        byte[] associated = binding.AssociatedData(Version);
        Span<byte> dek = stackalloc byte[Dek];
        try
        {
            RandomNumberGenerator.Fill(dek);
            using AesGcm wrapping = kek.Cipher();
            Seal(wrapping, dek, envelope.AsSpan(1, Wrapped), associated);
            using AesGcm cipher = new(dek, Tag);
            Seal(cipher, plaintext, envelope.AsSpan(1 + Wrapped), associated);
            return envelope;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(dek);
        }
    }

    /// <summary>The private key in an envelope; the caller zeroes it. Throws <see cref="CryptographicException"/> if a bit or the binding differs.</summary>
    public static byte[] Decrypt(KeyEncryptionKey kek, KeyBinding binding, ReadOnlySpan<byte> envelope)
    {
        if (envelope.Length < Header)
        {
            throw Failed(binding, "it is cut short");
        }

        if (envelope[0] != Version)
        {
            throw Failed(binding, $"it has format version {envelope[0]}, this program knows {Version}");
        }

        byte[] associated = binding.AssociatedData(Version);
        byte[] plaintext = GC.AllocateArray<byte>(envelope.Length - Header, pinned: true);
        Span<byte> dek = stackalloc byte[Dek];
        try
        {
            using AesGcm wrapping = kek.Cipher();
            Unseal(wrapping, envelope.Slice(1, Wrapped), dek, associated);
            using AesGcm cipher = new(dek, Tag);
            Unseal(cipher, envelope[(1 + Wrapped)..], plaintext, associated);
            return plaintext;
        }
        catch (AuthenticationTagMismatchException error)
        {
            CryptographicOperations.ZeroMemory(plaintext);
            throw Failed(binding, "it was changed, or belongs to another authority, or was encrypted under another key-encryption key", error);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(dek);
        }
    }

    private static void Seal(AesGcm cipher, ReadOnlySpan<byte> plaintext, Span<byte> box, byte[] associated)
    {
        RandomNumberGenerator.Fill(box[..Nonce]);
        cipher.Encrypt(box[..Nonce], plaintext, box[(Nonce + Tag)..], box.Slice(Nonce, Tag), associated);
    }

    private static void Unseal(AesGcm cipher, ReadOnlySpan<byte> box, Span<byte> plaintext, byte[] associated) =>
        cipher.Decrypt(box[..Nonce], box[(Nonce + Tag)..], box.Slice(Nonce, Tag), plaintext, associated);

    private static CryptographicException Failed(KeyBinding binding, string reason, Exception? inner = null) => new(
        $"the stored key of authority '{binding.AuthorityId}' in trust domain '{binding.TrustDomain}' cannot be decrypted: {reason}. "
        + "Restore the database from a backup; the server will not make another key in its place.", inner);
}
