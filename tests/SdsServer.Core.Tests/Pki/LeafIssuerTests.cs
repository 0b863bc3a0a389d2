using SdsServer.Core.Pki;

namespace SdsServer.Core.Tests.Pki;

public sealed class LeafIssuerTests
{
    [Theory]
    [InlineData(KeyAlgorithm.EcdsaP256, KeyAlgorithm.EcdsaP256)]
    [InlineData(KeyAlgorithm.EcdsaP384, KeyAlgorithm.Rsa2048)]
    [InlineData(KeyAlgorithm.Rsa2048, KeyAlgorithm.EcdsaP384)]
    public void A_leaf_under_a_root_and_under_an_intermediate_passes_the_lint_and_verifies(KeyAlgorithm authority, KeyAlgorithm leaf)
    {
        using SigningAuthority root = Make.Root(authority);
        using SigningAuthority intermediate = Make.Below(root);
        foreach (SigningAuthority issuer in new[] { root, intermediate })
        {
            (IssuedLeaf issued, PrivateKey key) = Make.Leaf(issuer, leaf);
            Assert.Empty(LeafLint.Check(issued.ChainPem.Span, key.Pem(), Make.Bundle(root), Make.Now));
            Assert.Equal([root.Root], ChainVerifier.AnchorsOf(Certificate.ParsePem(issued.ChainPem.Span), [root.Root, Make.Root().Root], Make.Now));
        }
    }

    [Fact]
    public void A_bundle_of_two_roots_passes_the_lint()
    {
        byte[] pem = Make.Bundle(Make.Root(), Make.Root()).ToPem(Make.Stamp);
        Assert.Empty(BundleLint.Check(pem, [], Make.Now));
        Assert.Equal(Make.Stamp, TrustBundle.Parse(pem).Stamp);
    }
}
