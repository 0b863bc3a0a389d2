using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using SdsServer.Core.Pki;

namespace SdsServer.Core.Tests.Pki;

/// <summary>One row for each rule, each failing that rule alone unless said; the good rows beside them stay silent.</summary>
public sealed class LeafLintTests
{
    private static readonly Forge Root = Forge.Root("CN=one");

    private static readonly Dictionary<string, (string[] Codes, Func<(byte[] Chain, byte[] Key)> Secret)> Rows = new()
    {
        ["good"] = ([], () => Secret(Root.Leaf())),
        ["good with intermediate"] = ([], () => Root.Intermediate() is var middle ? Secret(middle.Leaf(), middle) : default),
        ["good with two intermediates"] = ([], () => Root.Intermediate() is var upper && upper.Intermediate() is var lower ? Secret(lower.Leaf(), lower, upper) : default),
        ["good with subject"] = ([], () => Secret(Root.Leaf() with { Subject = "CN=web", NamesCritical = false, DnsNames = ["web"] })),
        ["good RSA"] = ([], () => Secret(Root.Leaf() with { Key = RSA.Create(2048) })),
        ["good P-384"] = ([], () => Secret(Root.Leaf() with { Key = ECDsa.Create(ECCurve.NamedCurves.nistP384) })),
        ["key of another"] = (["leaf.key-mismatch"], () => (Secret(Root.Leaf()).Chain, Root.Leaf().KeyPem())),
        ["no key"] = (["leaf.key"], () => (Secret(Root.Leaf()).Chain, [])),
        ["garbage key"] = (["leaf.key"], () => (Secret(Root.Leaf()).Chain, Encoding.ASCII.GetBytes("garbage"))),
        ["encrypted key"] = (["leaf.key"], () => Encrypted(Root.Leaf())),
        ["no chain"] = (["leaf.empty"], () => ([], Root.KeyPem())),
        ["truncated second block"] = (["leaf.pem", "leaf.empty"], () => Secret(Root.Leaf()) is var (chain, key) ? ([.. chain, .. chain[..100]], key) : default),
        ["broken certificate behind"] = (["leaf.certificate"], () => Append("-----BEGIN CERTIFICATE-----\nMAAA\n-----END CERTIFICATE-----\n")),
        ["text"] = (["leaf.text"], () => Append("hello\n")),
        ["CRLF"] = (["leaf.line-ends"], () => Append("\r\n")),
        ["key in the chain"] = (["leaf.private-key"], () => Append(Encoding.ASCII.GetString(Root.KeyPem()))),
        ["request in the chain"] = (["leaf.foreign-block"], () => Append("-----BEGIN CERTIFICATE REQUEST-----\nMAAA\n-----END CERTIFICATE REQUEST-----\n")),
        ["too large"] = (["leaf.too-large"], () => Append(new string('\n', LeafLint.MaxLength))),
        ["P-521"] = (["leaf.key-type", "leaf.untrusted", "leaf.key"], () => Secret(Root.Leaf() with { Key = ECDsa.Create(ECCurve.NamedCurves.nistP521) })),
        ["RSA-1024"] = (["leaf.key-type", "leaf.untrusted", "leaf.key"], () => Secret(Root.Leaf() with { Key = RSA.Create(1024) })),
        ["Ed25519"] = (["leaf.key-type", "leaf.untrusted", "leaf.key-mismatch"], Ed25519),
        ["expired"] = (["leaf.expired", "leaf.untrusted"], () => Secret(Root.Leaf() with { NotAfter = Make.Now })),
        ["one second left"] = ([], () => Secret(Root.Leaf() with { NotAfter = Make.Now.AddSeconds(1) })),
        ["not yet valid"] = (["leaf.not-yet-valid", "leaf.untrusted"], () => Secret(Root.Leaf() with { NotBefore = Make.Now.AddSeconds(1) })),
        ["valid from this second"] = ([], () => Secret(Root.Leaf() with { NotBefore = Make.Now })),
        ["expired intermediate"] = (["leaf.expired", "leaf.untrusted"], () => Root.Intermediate() with { NotAfter = Make.Now } is var middle ? Secret(middle.Leaf(), middle) : default),
        ["client only"] = (["leaf.extended-key-usage", "leaf.untrusted"], () => Secret(Root.Leaf() with { ExtendedKeyUsage = [Oids.ClientAuth] })),
        ["server only"] = (["leaf.extended-key-usage", "leaf.untrusted"], () => Secret(Root.Leaf() with { ExtendedKeyUsage = [Oids.ServerAuth] })),
        ["no usage"] = (["leaf.extended-key-usage"], () => Secret(Root.Leaf() with { ExtendedKeyUsage = null })),
        ["no SPIFFE ID"] = (["leaf.spiffe-id"], () => Secret(Root.Leaf() with { Uris = [], DnsNames = ["web"] })),
        ["two URIs"] = (["leaf.spiffe-id"], () => Secret(Root.Leaf() with { Uris = ["spiffe://example.org/a", "spiffe://example.org/b"] })),
        ["no SPIFFE URI"] = (["leaf.spiffe-id"], () => Secret(Root.Leaf() with { Uris = ["https://example.org/a"] })),
        ["ID without path"] = (["leaf.spiffe-id"], () => Secret(Root.Leaf() with { Uris = ["spiffe://example.org"] })),
        ["empty subject, names not critical"] = (["leaf.names-not-critical"], () => Secret(Root.Leaf() with { NamesCritical = false })),
        ["CA"] = (["leaf.authority"], () => Secret(Root.Leaf() with { IsAuthority = true })),
        ["keyCertSign"] = (["leaf.key-usage"], () => Secret(Root.Leaf() with { KeyUsage = X509KeyUsageFlags.DigitalSignature | X509KeyUsageFlags.KeyCertSign })),
        ["cRLSign"] = (["leaf.key-usage"], () => Secret(Root.Leaf() with { KeyUsage = X509KeyUsageFlags.DigitalSignature | X509KeyUsageFlags.CrlSign })),
        ["no digitalSignature"] = (["leaf.key-usage", "leaf.untrusted"], () => Secret(Root.Leaf() with { KeyUsage = X509KeyUsageFlags.KeyAgreement })),
        ["no key usage"] = (["leaf.key-usage"], () => Secret(Root.Leaf() with { KeyUsage = null })),
        ["unknown issuer"] = (["leaf.untrusted"], () => Secret(Forge.Root().Leaf())),
        ["missing intermediate"] = (["leaf.untrusted"], () => Secret(Root.Intermediate().Leaf())),
        ["intermediates in wrong order"] = (["leaf.order", "leaf.order"], () => Root.Intermediate() is var upper && upper.Intermediate() is var lower ? Secret(lower.Leaf(), upper, lower) : default),
        ["stranger behind"] = (["leaf.order"], () => Secret(Root.Leaf(), Forge.Root().Intermediate())),
        ["root appended"] = (["leaf.root-appended"], () => Secret(Root.Leaf(), Root)),
        ["outlives its root"] = (["leaf.outlives-issuer"], () => Secret(Root.Leaf() with { NotAfter = Root.NotAfter.AddSeconds(1) })),
        ["ends with its root"] = ([], () => Secret(Root.Leaf() with { NotAfter = Root.NotAfter })),
        ["outlives its intermediate"] = (["leaf.outlives-issuer"], () => Root.Intermediate() is var middle ? Secret(middle.Leaf() with { NotAfter = middle.NotAfter.AddSeconds(1) }, middle) : default),
    };

    public static TheoryData<string> Names => [.. Rows.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void Leaf(string name)
    {
        (byte[] chain, byte[] key) = Rows[name].Secret();
        BundleLintTests.AssertCodes(Rows[name].Codes, LeafLint.Check(chain, key, new TrustBundle([Forge.Root().Certificate(), Root.Certificate()]), Make.Now));
    }

    [Fact]
    public void Leaf_not_first_is_named()
    {
        Forge middle = Root.Intermediate(), leaf = middle.Leaf();
        IReadOnlyList<Finding> findings = LeafLint.Check(BundleLintTests.Pem(middle, leaf), leaf.KeyPem(), new TrustBundle([Root.Certificate()]), Make.Now);
        Assert.Superset(new HashSet<string> { "leaf.authority", "leaf.order", "leaf.key-mismatch" }, findings.Select(finding => finding.Code).ToHashSet());
    }

    [Fact]
    public void Revocation_lists_must_cover_every_issuer_and_spare_the_leaf()
    {
        Forge middle = Root.Intermediate();
        (byte[] chain, byte[] key) = Secret(middle.Leaf(), middle);
        string serial = Certificate.ParsePem(chain)[0].Serial;
        using SigningAuthority authority = middle.Authority();
        CertificateRevocationList ofRoot = BundleLintTests.List(Root);
        CertificateRevocationList clean = CertificateRevocationList.Create(authority, [], 1, Make.Now, Make.Now.AddDays(1));
        CertificateRevocationList revoking = CertificateRevocationList.Create(authority, [new(serial, Make.Now)], 1, Make.Now, Make.Now.AddDays(1));
        BundleLintTests.AssertCodes([], Check(ofRoot, clean));
        BundleLintTests.AssertCodes(["leaf.crl-missing"], Check(ofRoot));
        BundleLintTests.AssertCodes(["leaf.revoked"], Check(ofRoot, revoking));

        IReadOnlyList<Finding> Check(params CertificateRevocationList[] lists) => LeafLint.Check(chain, key, new TrustBundle([Root.Certificate()], lists), Make.Now);
    }

    private static (byte[] Chain, byte[] Key) Secret(params Forge[] chain) => (BundleLintTests.Pem(chain), chain[0].KeyPem());

    private static (byte[] Chain, byte[] Key) Append(string text) => Secret(Root.Leaf()) is var (chain, key) ? ([.. chain, .. Encoding.ASCII.GetBytes(text)], key) : default;

    private static (byte[] Chain, byte[] Key) Encrypted(Forge leaf) => (BundleLintTests.Pem(leaf), Encoding.ASCII.GetBytes(
        leaf.Key.ExportEncryptedPkcs8PrivateKeyPem("secret", new PbeParameters(PbeEncryptionAlgorithm.Aes128Cbc, HashAlgorithmName.SHA256, 1))));

    // The framework has no Ed25519: a leaf with such a key, signed by our own writer.
    private static (byte[] Chain, byte[] Key) Ed25519()
    {
        PublicKeyInfo key = PublicKeyInfo.Parse(Convert.FromHexString("302a300506032b6570032100" + new string('a', 64)));
        using SigningAuthority authority = Root.Authority();
        byte[] der = CertificateWriter.ForThisThread.Write(
            authority.Key, CertificateWriter.NewSerial(), authority.Certificate.Subject.Der.Span, (Make.Now, Make.Now.AddDays(1)), DistinguishedName.Empty, key,
            "spiffe://example.org/web", [], [], CertificateWriter.BasicConstraints(false, null), CertificateWriter.KeyUsage(X509KeyUsageFlags.DigitalSignature),
            CertificateWriter.ExtendedKeyUsage(Oids.ServerAuth, Oids.ClientAuth));
        return (Certificate.Parse(der).ToPem(), Root.KeyPem());
    }
}
