using System.Security.Cryptography.X509Certificates;
using SdsServer.Core.Pki;

namespace SdsServer.Core.Tests.Pki;

public sealed class LeafIssuerTests
{
    private static readonly DateTimeOffset Now = Make.Now;

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
            Assert.Empty(LeafLint.Check(issued.ChainPem.Span, key.Pem(), Make.Bundle(root), Now));
            Assert.Equal([root.Root], ChainVerifier.AnchorsOf(Certificate.ParsePem(issued.ChainPem.Span), [root.Root, Make.Root().Root], Now));
        }
    }

    [Fact]
    public void A_leaf_says_what_an_svid_must()
    {
        using SigningAuthority root = Make.Root();
        LeafIssuer issuer = new(root, LeafPolicy.Default);
        (IssuedLeaf issued, PrivateKey key) = issuer.Issue(new LeafRequest(Make.Web) { DnsNames = ["web.default.svc", "web"] }, KeyAlgorithm.EcdsaP256, Now.AddMilliseconds(700));
        Certificate leaf = Certificate.Parse(issued.Der.Span);
        Assert.Equal([Make.Web.ToString()], leaf.AlternativeNames.Uris);
        Assert.Equal(["web.default.svc", "web"], leaf.AlternativeNames.DnsNames);
        Assert.True(leaf.AlternativeNamesCritical && leaf.Subject.IsEmpty && !leaf.IsAuthority);
        Assert.Equal(X509KeyUsageFlags.DigitalSignature, leaf.KeyUsage);
        Assert.Equal([Oids.ServerAuth, Oids.ClientAuth], leaf.ExtendedKeyUsage);
        Assert.Equal(root.Certificate.SubjectKeyIdentifier!.Value.ToArray(), leaf.AuthorityKeyIdentifier!.Value.ToArray());
        Assert.Equal(key.PublicKey.KeyIdentifier.ToArray(), leaf.SubjectKeyIdentifier!.Value.ToArray());
        Assert.Equal((Now.AddMinutes(-5), Now.AddHours(24)), (leaf.NotBefore, leaf.NotAfter));
        Assert.Equal((leaf.Serial, leaf.NotBefore, leaf.NotAfter), (issued.Serial, issued.NotBefore, issued.NotAfter));
        using X509Certificate2 theirs = X509CertificateLoader.LoadCertificate(issued.Der.Span);
        Assert.All(theirs.Extensions.Where(extension => extension is X509KeyUsageExtension or X509BasicConstraintsExtension), extension => Assert.True(extension.Critical));
        IssuedLeaf rsa = issuer.Issue(new LeafRequest(Make.Web), PrivateKey.Generate(KeyAlgorithm.Rsa2048).PublicKey, Now);
        Assert.Equal(X509KeyUsageFlags.DigitalSignature | X509KeyUsageFlags.KeyEncipherment, Certificate.Parse(rsa.Der.Span).KeyUsage);
    }

    [Fact]
    public void A_hundred_thousand_serials_are_unique_positive_and_of_one_length()
    {
        HashSet<string> seen = [];
        for (int i = 0; i < 100_000; i++)
        {
            byte[] serial = CertificateWriter.NewSerial();
            Assert.True(serial.Length == 17 && serial[0] is >= 0x40 and <= 0x7f);
            Assert.True(seen.Add(Convert.ToHexString(serial)));
        }
    }

    [Fact]
    public void A_leaf_never_outlives_nor_precedes_any_certificate_of_its_chain()
    {
        Forge root = Forge.Root() with { NotBefore = Now.AddMinutes(-1), NotAfter = Now.AddHours(2) };
        Forge middle = root.Intermediate() with { NotAfter = Now.AddHours(9) }; // ends after its root, as imported ones may
        using SigningAuthority authority = middle.Authority();
        LeafIssuer issuer = new(authority, LeafPolicy.Default);
        IssuedLeaf leaf = issuer.Issue(new LeafRequest(Make.Web), KeyAlgorithm.EcdsaP256, Now).Leaf;
        Assert.Equal((Now.AddMinutes(-1), Now.AddMinutes(115)), (leaf.NotBefore, leaf.NotAfter));
        Assert.NotNull(issuer.Issue(new LeafRequest(Make.Web), KeyAlgorithm.EcdsaP256, Now.AddMinutes(110)).Leaf);
        Refused("rotate the authority", () => issuer.Issue(new LeafRequest(Make.Web), KeyAlgorithm.EcdsaP256, Now.AddMinutes(110).AddSeconds(1)));
        Refused("rotate the authority", () => issuer.Issue(new LeafRequest(Make.Web), KeyAlgorithm.EcdsaP256, Now.AddYears(1)));
        Refused("not valid before", () => issuer.Issue(new LeafRequest(Make.Web), KeyAlgorithm.EcdsaP256, Now.AddMinutes(-2)));
    }

    [Theory]
    [InlineData(299, false)]
    [InlineData(300, true)]
    [InlineData(90 * 86400, true)]
    [InlineData((90 * 86400) + 1, false)]
    public void Lifetimes_keep_the_bounds(int seconds, bool good)
    {
        using SigningAuthority root = Make.Root();
        LeafRequest request = new(Make.Web) { Lifetime = TimeSpan.FromSeconds(seconds) };
        LeafIssuer issuer = new(root, LeafPolicy.Default);
        if (good)
        {
            Assert.Equal(Now.AddSeconds(seconds), issuer.Issue(request, KeyAlgorithm.EcdsaP256, Now).Leaf.NotAfter);
        }
        else
        {
            Refused("outside the policy", () => issuer.Issue(request, KeyAlgorithm.EcdsaP256, Now));
        }
    }

    [Theory]
    [InlineData("*.example.org")]
    [InlineData("Web.example.org")]
    [InlineData("")]
    [InlineData("web.")]
    [InlineData(".web")]
    [InlineData("-web")]
    [InlineData("web-")]
    [InlineData("a b")]
    [InlineData("under_score")]
    [InlineData("10.0.0.1")]
    [InlineData("wéb")]
    [InlineData("web\0.evil")]
    public void Bad_dns_names_are_refused(string name)
    {
        using SigningAuthority root = Make.Root();
        Refused("DNS name", () => new LeafIssuer(root, LeafPolicy.Default).Issue(new LeafRequest(Make.Web) { DnsNames = [name] }, KeyAlgorithm.EcdsaP256, Now));
    }

    [Fact]
    public void Ids_without_path_too_many_names_and_foreign_keys_are_refused()
    {
        using SigningAuthority root = Make.Root();
        LeafIssuer issuer = new(root, LeafPolicy.Default);
        Refused("no path", () => issuer.Issue(new LeafRequest(SpiffeId.Parse("spiffe://example.org")), KeyAlgorithm.EcdsaP256, Now));
        Refused("more than 64", () => issuer.Issue(new LeafRequest(Make.Web) { DnsNames = [.. Enumerable.Repeat("a", 65)] }, KeyAlgorithm.EcdsaP256, Now));
        PublicKeyInfo ed25519 = PublicKeyInfo.Parse(Convert.FromHexString("302a300506032b6570032100" + new string('a', 64)));
        Refused("Ed25519", () => issuer.Issue(new LeafRequest(Make.Web), ed25519, Now));
    }

    [Fact]
    public void A_policy_that_contradicts_itself_cannot_be_made()
    {
        Assert.Throws<ArgumentException>(() => new LeafPolicy(lifetime: TimeSpan.FromMinutes(1)));
        Assert.Throws<ArgumentException>(() => new LeafPolicy(lifetime: TimeSpan.FromDays(91)));
        Assert.Throws<ArgumentException>(() => new LeafPolicy(minimum: TimeSpan.Zero));
        Assert.Throws<ArgumentException>(() => new LeafPolicy(backdate: TimeSpan.FromSeconds(-1)));
        Assert.Throws<ArgumentException>(() => new LeafPolicy(skew: TimeSpan.FromSeconds(-1)));
    }

    [Fact]
    public void Many_threads_may_issue_at_once()
    {
        using SigningAuthority root = Make.Root();
        LeafIssuer issuer = new(root, LeafPolicy.Default);
        PublicKeyInfo key = PrivateKey.Generate(KeyAlgorithm.EcdsaP256).PublicKey;
        Parallel.For(0, 300, i => Assert.True(Certificate.Parse(
            issuer.Issue(new LeafRequest(SpiffeId.Parse($"spiffe://example.org/{i}")), key, Now).Der.Span) is var leaf
            && leaf.AlternativeNames.Uris[0].EndsWith($"/{i}", StringComparison.Ordinal) && leaf.IsSignedBy(root.Root)));
    }

    private static void Refused(string reason, Action issue) => Assert.Contains(reason, Assert.Throws<IssuanceException>(issue).Message, StringComparison.Ordinal);
}
