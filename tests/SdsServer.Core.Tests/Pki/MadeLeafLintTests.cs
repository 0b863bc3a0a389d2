using SdsServer.Core.Pki;

namespace SdsServer.Core.Tests.Pki;

/// <summary>The lint of a leaf whose key was made here: it compares bytes instead of reading the key again, and must miss nothing by that.</summary>
public sealed class MadeLeafLintTests
{
    private static readonly SigningAuthority Root = Make.Root();
    private static readonly TrustBundle Bundle = Make.Bundle(Root);

    [Fact]
    public void A_leaf_with_its_key_is_fit_and_its_chain_is_given_back()
    {
        (IssuedLeaf leaf, PrivateKey key) = Make.Leaf(Root);
        Assert.Empty(LeafLint.Check(leaf.ChainPem.Span, key.Pem(), key, Bundle, Make.Now, out IReadOnlyList<Certificate> chain));
        Assert.Equal(Certificate.ParsePem(leaf.ChainPem.Span), chain);
    }

    [Fact]
    public void The_key_of_another_leaf_is_refused()
    {
        (IssuedLeaf leaf, _) = Make.Leaf(Root);
        (_, PrivateKey other) = Make.Leaf(Root);
        Assert.Equal(["leaf.key-mismatch"], Codes(leaf, other.Pem(), other));
    }

    [Fact]
    public void The_PEM_of_another_key_is_refused()
    {
        (IssuedLeaf leaf, PrivateKey key) = Make.Leaf(Root);
        Assert.Equal(["leaf.key"], Codes(leaf, Make.Leaf(Root).Key.Pem(), key));
    }

    [Theory]
    [InlineData("")]
    [InlineData("twice")]
    [InlineData("text")]
    [InlineData("cut")]
    [InlineData("label")]
    public void PEM_that_is_not_just_the_key_is_refused(string fault)
    {
        (IssuedLeaf leaf, PrivateKey key) = Make.Leaf(Root);
        byte[] pem = key.Pem();
        byte[] broken = fault switch
        {
            "" => [],
            "twice" => [.. pem, .. pem],
            "text" => [.. pem, .. "hello\n"u8],
            "cut" => pem[..^20],
            _ => System.Text.Encoding.ASCII.GetBytes(System.Text.Encoding.ASCII.GetString(pem).Replace("PRIVATE KEY", "EC PRIVATE KEY", StringComparison.Ordinal)),
        };
        Assert.Equal(["leaf.key"], Codes(leaf, broken, key));
    }

    [Fact]
    public void A_root_outside_the_bundle_is_refused_as_ever()
    {
        (IssuedLeaf leaf, PrivateKey key) = Make.Leaf(Make.Root());
        Assert.Equal(["leaf.untrusted"], Codes(leaf, key.Pem(), key));
    }

    [Fact]
    public void What_one_key_has_signed_is_not_remembered_for_another()
    {
        Forge first = Forge.Root("CN=same") with { HasKeyIdentifiers = false }, second = Forge.Root("CN=same") with { HasKeyIdentifiers = false };
        Certificate leaf = Certificate.Parse((first.Leaf() with { HasKeyIdentifiers = false }).Der());
        Certificate signer = Certificate.Parse(first.Der()), namesake = Certificate.Parse(second.Der());
        for (int again = 0; again < 3; again++)
        {
            Assert.True(leaf.IsSignedBy(signer));
            Assert.False(leaf.IsSignedBy(namesake));
        }
    }

    private static string[] Codes(IssuedLeaf leaf, byte[] keyPem, PrivateKey key) =>
        [.. LeafLint.Check(leaf.ChainPem.Span, keyPem, key, Bundle, Make.Now, out _).Select(finding => finding.Code)];
}
