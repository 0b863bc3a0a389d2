using SdsServer.Core.Fleet;
using SdsServer.Core.Secrets;

namespace SdsServer.Core.Tests.Secrets;

public sealed class SecretNamesTests
{
    private static readonly Workload s_own = new("spiffe://example.org/web", [], false);

    private static SecretNames Names(params (string Name, SecretKind Kind)[] aliases) =>
        new("example.org", aliases.Select(alias => KeyValuePair.Create(alias.Name, alias.Kind)));

    [Theory]
    [InlineData("default", SecretKind.Leaf)]
    [InlineData("spiffe://example.org/web", SecretKind.Leaf)]
    [InlineData("ROOTCA", SecretKind.Bundle)]
    [InlineData("spiffe://example.org", SecretKind.Bundle)]
    [InlineData("mesh-roots", SecretKind.Bundle)]
    [InlineData("file-cert:/etc/certs/x", SecretKind.Leaf)]
    public void Names_of_the_callers_own_secrets_have_one_kind(string name, SecretKind kind) =>
        Assert.Equal(kind, Names(("mesh-roots", SecretKind.Bundle), ("file-cert:/", SecretKind.Leaf)).Resolve(name, s_own));

    [Theory]
    [InlineData("spiffe://example.org/other")]
    [InlineData("spiffe://other.org")]
    [InlineData("spiffe://EXAMPLE.org")]
    [InlineData("spiffe://example.org/")]
    [InlineData("Default")]
    [InlineData("")]
    [InlineData("*")]
    [InlineData("file-cert:/")]
    [InlineData("mesh-roots-2")]
    public void Every_other_name_is_unknown(string name) =>
        Assert.Null(Names(("mesh-roots", SecretKind.Bundle), ("file-cert:/", SecretKind.Leaf)).Resolve(name, s_own));

    [Fact]
    public void A_consumer_of_the_bundle_alone_has_no_leaf()
    {
        Workload bundleOnly = s_own with { BundleOnly = true };

        Assert.Null(Names().Resolve("default", bundleOnly));
        Assert.Null(Names().Resolve("spiffe://example.org/web", bundleOnly));
        Assert.Equal(SecretKind.Bundle, Names().Resolve("ROOTCA", bundleOnly));
    }

    [Fact]
    public void All_contradictions_are_named_at_once()
    {
        ArgumentException refused = Assert.Throws<ArgumentException>(() => Names(
            ("default", SecretKind.Bundle),
            ("x/", SecretKind.Leaf),
            ("x/roots", SecretKind.Bundle),
            ("spiffe://example.org/web", SecretKind.Bundle),
            ("", SecretKind.Leaf),
            ("all*", SecretKind.Leaf),
            ("twice", SecretKind.Leaf),
            ("twice", SecretKind.Bundle)));

        Assert.All(
            ["'default' always", "'x/' names a leaf but 'x/roots' a bundle", "is a SPIFFE ID", "is empty", "'all*' has a wildcard", "'twice' names"],
            part => Assert.Contains(part, refused.Message, StringComparison.Ordinal));
    }

    [Fact]
    public void The_same_alias_twice_with_one_kind_is_no_contradiction()
    {
        SecretNames names = Names(("x/", SecretKind.Leaf), ("x/y/", SecretKind.Leaf), ("twice", SecretKind.Leaf), ("twice", SecretKind.Leaf));

        Assert.Equal(SecretKind.Leaf, names.Resolve("x/y/z", s_own));
    }
}
