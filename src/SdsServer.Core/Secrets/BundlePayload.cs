using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using SdsServer.Core.Access;

namespace SdsServer.Core.Secrets;

/// <summary>
/// A trust bundle as PEM, ending in a comment line with its epoch and salt, so that bytes of two epochs never agree. A workload whose peers
/// are named is sent it together with them, under a version of its own; what it proves of roots is the same.
/// </summary>
public sealed class BundlePayload : SecretPayload
{
    // Of a plain one alone, and only once somebody has peers: there may be one payload for each proxy.
    private ConcurrentDictionary<PeerRules, BundlePayload>? _withPeers;
    private readonly BundlePayload? _plain;

    /// <param name="epoch">The bundle's epoch.</param>
    /// <param name="pem">UTF-8 PEM blocks and the closing comment line.</param>
    public BundlePayload(long epoch, ReadOnlyMemory<byte> pem)
        : base(string.Create(CultureInfo.InvariantCulture, $"b{epoch}-{Convert.ToHexStringLower(SHA256.HashData(pem.Span).AsSpan(0, 8))}"))
    {
        Epoch = epoch;
        Pem = pem;
    }

    private BundlePayload(BundlePayload plain, PeerRules peers)
        : base($"{plain.Version}.{peers.Digest}")
    {
        (Epoch, Pem, Peers, _plain) = (plain.Epoch, plain.Pem, peers, plain);
    }

    public long Epoch { get; }

    public ReadOnlyMemory<byte> Pem { get; }

    /// <summary>Whom it lets in, of those whom the roots vouch for.</summary>
    public PeerRules Peers { get; } = PeerRules.None;

    public override SecretKind Kind => SecretKind.Bundle;

    /// <summary>The same roots for a workload with these peers: one object for all that have the same ones, so that they share its encoding.</summary>
    public BundlePayload For(PeerRules peers)
    {
        BundlePayload plain = _plain ?? this;
        return peers.IsEmpty ? plain
            : LazyInitializer.EnsureInitialized(ref plain._withPeers).GetOrAdd(peers, static (rules, of) => new BundlePayload(of, rules), plain);
    }
}
