using System.Buffers.Binary;
using System.Text;

namespace SdsServer.Storage.Keys;

/// <summary>What a stored key belongs to. It is authenticated with the ciphertext, which therefore opens in no other place.</summary>
/// <param name="TrustDomain">Name of the trust domain.</param>
/// <param name="AuthorityId">Id of the authority.</param>
/// <param name="Purpose">What the key is for, such as <see cref="SigningKey"/>.</param>
internal sealed record KeyBinding(string TrustDomain, string AuthorityId, string Purpose)
{
    public const string SigningKey = "authority signing key";

    /// <summary>The format version, then each field as UTF-8 after its length (4 bytes, big-endian), so that no two bindings share bytes.</summary>
    public byte[] AssociatedData(byte formatVersion)
    {
        List<byte> data = [formatVersion];
        Span<byte> length = stackalloc byte[4];
        foreach (string field in (ReadOnlySpan<string>)[TrustDomain, AuthorityId, Purpose])
        {
            byte[] text = Encoding.UTF8.GetBytes(field);
            BinaryPrimitives.WriteInt32BigEndian(length, text.Length);
            data.AddRange(length);
            data.AddRange(text);
        }

        return [.. data];
    }
}
