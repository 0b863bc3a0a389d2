using System.Collections.Immutable;
using System.Security.Cryptography;

namespace SdsServer.Core.Secrets;

/// <summary>Keys by which the processes of one identity resume each other's TLS sessions; live in memory only and cannot be printed.</summary>
public sealed class TicketKeysPayload : SecretPayload
{
    /// <summary>Octets of one key: Envoy takes no other length.</summary>
    public const int KeyLength = 80;

    /// <param name="keys">The first one makes new tickets, all of them open old ones.</param>
    public TicketKeysPayload(ImmutableArray<ReadOnlyMemory<byte>> keys)
        : base("t" + Digest(keys)) => Keys = keys;

    public ImmutableArray<ReadOnlyMemory<byte>> Keys { get; }

    public override SecretKind Kind => SecretKind.TicketKeys;

    public override string ToString() => "session ticket keys (withheld)";

    // A digest of 80 random octets tells nothing about them.
    private static string Digest(ImmutableArray<ReadOnlyMemory<byte>> keys)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (ReadOnlyMemory<byte> key in keys)
        {
            hash.AppendData(key.Span);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset().AsSpan(0, 8));
    }
}
