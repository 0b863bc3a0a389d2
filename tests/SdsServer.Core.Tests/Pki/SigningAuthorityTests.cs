using System.Security.Cryptography.X509Certificates;
using SdsServer.Core.Pki;

namespace SdsServer.Core.Tests.Pki;

public sealed class SigningAuthorityTests
{
    [Fact]
    public void Roots_have_each_their_own_name_key_and_key_id()
    {
        SigningAuthority[] roots = [.. Enumerable.Range(0, 20).Select(_ => Make.Root())];
        Assert.Equal(20, roots.Select(root => root.Root.Subject).Distinct().Count());
        Assert.Equal(20, roots.Select(root => Convert.ToHexString(root.Root.SubjectKeyIdentifier!.Value.Span)).Distinct().Count());
        Assert.Empty(BundleLint.Check(Make.Bundle(roots).ToPem(Make.Stamp), [], Make.Now));
        Certificate one = roots[0].Root;
        Assert.Equal((Make.Now.AddMinutes(-5), Make.Now.AddDays(3652)), (one.NotBefore, one.NotAfter));
        Assert.Equal(["spiffe://example.org"], one.AlternativeNames.Uris);
        Assert.Equal((true, 1, X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign), (one.IsAuthority, one.PathLength!.Value, one.KeyUsage!.Value));
        Assert.Null(one.ExtendedKeyUsage);
        Assert.Contains("CN=SdsServer Root example.org ", one.Subject.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void The_longest_trust_domain_fits_into_a_common_name()
    {
        using SigningAuthority root = SigningAuthority.CreateRoot(new AuthorityProfile(TrustDomain.Parse(new string('d', 255))), Make.Now);
        string name = root.Root.Subject.ToString().Split(", ").Single(part => part.StartsWith("CN=", StringComparison.Ordinal));
        Assert.Equal(64, name.Length - 3);
        Assert.Empty(BundleLint.Check(root.Root.ToPem(), [], Make.Now));
    }

    [Fact]
    public void Path_lengths_shrink_downwards_and_end_at_zero()
    {
        using SigningAuthority free = Make.Root(pathLength: null), two = Make.Root(pathLength: 2), zero = Make.Root(pathLength: 0);
        Assert.Null(free.Root.PathLength);
        Assert.Equal(5, Make.Below(free, 5).Certificate.PathLength);
        using SigningAuthority middle = Make.Below(two, 7), last = Make.Below(middle, null);
        Assert.Equal((1, 0), (middle.Certificate.PathLength, last.Certificate.PathLength));
        Assert.Throws<IssuanceException>(() => Make.Below(last));
        Assert.Throws<IssuanceException>(() => Make.Below(zero));
        Assert.Equal([last.Certificate, middle.Certificate, two.Root], last.Chain);
        (IssuedLeaf leaf, PrivateKey key) = Make.Leaf(last);
        Assert.Empty(LeafLint.Check(leaf.ChainPem.Span, key.Pem(), Make.Bundle(two), Make.Now));
    }

    [Fact]
    public void An_unlimited_authority_below_a_limited_one_is_bound_by_it()
    {
        Forge root = Forge.Root() with { PathLength = 1 };
        using SigningAuthority middle = root.Intermediate().Authority();
        Assert.Throws<IssuanceException>(() => Make.Below(middle));
    }

    [Fact]
    public void An_intermediate_ends_with_its_root_and_is_not_signed_outside_the_roots_time()
    {
        using SigningAuthority root = Make.Root(lifetime: TimeSpan.FromDays(10));
        Assert.Equal(root.NotAfter, Make.Below(root).Certificate.NotAfter);
        PublicKeyInfo key = PrivateKey.Generate(KeyAlgorithm.EcdsaP256).PublicKey;
        Assert.Throws<IssuanceException>(() => root.SignAuthority(key, new AuthorityProfile(Make.Domain), root.NotAfter));
        Assert.Throws<IssuanceException>(() => root.SignAuthority(key, new AuthorityProfile(Make.Domain), root.NotBefore.AddSeconds(-1)));
        PublicKeyInfo ed25519 = PublicKeyInfo.Parse(Convert.FromHexString("302a300506032b6570032100" + new string('a', 64)));
        Assert.Throws<IssuanceException>(() => root.SignAuthority(ed25519, new AuthorityProfile(Make.Domain), Make.Now));
    }

    [Fact]
    public void Loading_checks_key_and_chain()
    {
        Forge root = Forge.Root(), middle = root.Intermediate();
        Certificate rootCertificate = root.Certificate(), middleCertificate = middle.Certificate();
        Assert.Equal(rootCertificate, Load(middle, middleCertificate, rootCertificate).Root);
        Refused("chain is empty", root);
        Refused("not that of", root, middleCertificate, rootCertificate);
        Refused("must be the self-signed root", middle, middleCertificate);
        Refused("not signed by the next", middle, middleCertificate, Forge.Root().Certificate());
        Forge leaf = root.Leaf();
        Refused("no certificate authority", leaf, leaf.Certificate(), rootCertificate);
        Forge noSign = Forge.Root() with { KeyUsage = X509KeyUsageFlags.CrlSign };
        Refused("no certificate authority", noSign, noSign.Certificate());

        static SigningAuthority Load(Forge key, params Certificate[] chain) => SigningAuthority.Load(PrivateKey.FromPkcs8(key.Key.ExportPkcs8PrivateKey()), chain);
        static void Refused(string reason, Forge key, params Certificate[] chain) =>
            Assert.Contains(reason, Assert.Throws<FormatException>(() => Load(key, chain)).Message, StringComparison.Ordinal);
    }
}
