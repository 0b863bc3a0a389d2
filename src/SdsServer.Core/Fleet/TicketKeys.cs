using System.Collections.Immutable;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using SdsServer.Core.Secrets;

namespace SdsServer.Core.Fleet;

/// <summary>
/// Session ticket keys of every identity, each from one secret of this term: nothing is stored, and no identity can open another's
/// tickets. A new term begins with new ones, which costs its proxies a full handshake.
/// </summary>
internal sealed class TicketKeys(byte[] secret)
{
    private bool _keepsLast;

    /// <summary>+1 with every change.</summary>
    public int Generation { get; private set; } = 1;

    /// <summary>New tickets are made with a new key; those of the last one are good until the next time.</summary>
    public void Renew()
    {
        Generation++;
        _keepsLast = true;
    }

    /// <summary>No ticket made so far is good any more: Envoy may resume a session by it whose root has been dropped.</summary>
    public void Replace()
    {
        Generation++;
        _keepsLast = false;
    }

    public TicketKeysPayload Of(string spiffeId)
    {
        ImmutableArray<ReadOnlyMemory<byte>> keys = [Derive(spiffeId, Generation)];
        return new TicketKeysPayload(_keepsLast ? keys.Add(Derive(spiffeId, Generation - 1)) : keys);
    }

    private ReadOnlyMemory<byte> Derive(string spiffeId, int generation) => HKDF.DeriveKey(
        HashAlgorithmName.SHA256, secret, TicketKeysPayload.KeyLength, info: Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"session tickets {generation} {spiffeId}")));
}
