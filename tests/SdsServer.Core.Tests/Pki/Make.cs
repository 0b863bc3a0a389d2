using SdsServer.Core.Pki;

namespace SdsServer.Core.Tests.Pki;

/// <summary>Authorities, leaves and bundles with defaults, for tests that care about one detail.</summary>
internal static class Make
{
    public static readonly DateTimeOffset Now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
    public static readonly TrustDomain Domain = TrustDomain.Parse("example.org");
    public static readonly SpiffeId Web = SpiffeId.Parse("spiffe://example.org/ns/default/sa/web");
    public static readonly BundleStamp Stamp = new(7, "00c0ffee");

    public static SigningAuthority Root(KeyAlgorithm algorithm = KeyAlgorithm.EcdsaP256, DateTimeOffset? now = null, int? pathLength = 1, TimeSpan? lifetime = null) =>
        SigningAuthority.CreateRoot(
            new AuthorityProfile(Domain) { Algorithm = algorithm, PathLength = pathLength, Lifetime = lifetime ?? TimeSpan.FromDays(3652) }, now ?? Now);

    public static SigningAuthority Below(SigningAuthority authority, int? pathLength = 0) =>
        authority.CreateIntermediate(new AuthorityProfile(Domain) { PathLength = pathLength, Lifetime = TimeSpan.FromDays(365) }, Now);

    public static (IssuedLeaf Leaf, PrivateKey Key) Leaf(SigningAuthority authority, KeyAlgorithm algorithm = KeyAlgorithm.EcdsaP256) =>
        new LeafIssuer(authority, LeafPolicy.Default).Issue(new LeafRequest(Web), algorithm, Now);

    public static IReadOnlyList<Certificate> Chain(SigningAuthority authority) => Certificate.ParsePem(Leaf(authority).Leaf.ChainPem.Span);

    public static byte[] Pem(this PrivateKey key)
    {
        byte[] pem = new byte[key.PemLength];
        Assert.Equal(pem.Length, key.WritePem(pem));
        return pem;
    }

    public static TrustBundle Bundle(params SigningAuthority[] roots) => new([.. roots.Select(root => root.Root)]);
}
