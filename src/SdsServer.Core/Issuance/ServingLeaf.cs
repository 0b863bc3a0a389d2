using SdsServer.Core.Pki;

namespace SdsServer.Core.Issuance;

/// <summary>A serving certificate with its key. Owns the key.</summary>
public sealed class ServingLeaf(string authorityId, string rootId, IssuedLeaf leaf, PrivateKey key) : IDisposable
{
    /// <summary>Who signed it.</summary>
    public string AuthorityId { get; } = authorityId;

    /// <summary>The root it is under.</summary>
    public string RootId { get; } = rootId;

    /// <summary>The certificate with its intermediates.</summary>
    public IssuedLeaf Leaf { get; } = leaf;

    /// <summary>Its key, which is nowhere else: another process makes another one.</summary>
    public PrivateKey Key { get; } = key;

    /// <summary>Names the certificate; never the key.</summary>
    public override string ToString() => $"{Leaf} from '{AuthorityId}'";

    public void Dispose() => Key.Dispose();
}
