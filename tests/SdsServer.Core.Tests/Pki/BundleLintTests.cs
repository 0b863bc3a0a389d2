using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using SdsServer.Core.Pki;

namespace SdsServer.Core.Tests.Pki;

/// <summary>One row for each rule, each failing that rule alone unless said; the good rows beside them stay silent.</summary>
[Trait("Rule", "E14.9")]
public sealed class BundleLintTests
{
    private static readonly Forge One = Forge.Root("CN=one"), Two = Forge.Root("CN=two");

    private static readonly Dictionary<string, (string[] Codes, Func<byte[]> Pem)> Rows = new()
    {
        ["good"] = ([], () => Pem(One, Two)),
        ["good with stamp"] = ([], () => [.. Pem(One), .. Text("# epoch 3 salt 00ff\n")]),
        ["P-384 and RSA"] = ([], () => Pem(One with { Key = ECDsa.Create(ECCurve.NamedCurves.nistP384) }, Two with { Key = RSA.Create(2048) })),
        ["usage for both sides"] = ([], () => Pem(One with { ExtendedKeyUsage = [Oids.ServerAuth, Oids.ClientAuth] })),
        ["no bytes"] = (["bundle.empty"], () => []),
        ["stamp only"] = (["bundle.empty"], () => Text("# epoch 3 salt 00ff\n")),
        ["text only"] = (["bundle.empty", "bundle.text"], () => Text("hello\n")),
        ["text between"] = (["bundle.text"], () => [.. Pem(One), .. Text("the second:\n"), .. Pem(Two)]),
        ["stamp not last"] = (["bundle.text"], () => [.. Text("# epoch 3 salt 00ff\n"), .. Pem(One)]),
        ["two stamps"] = (["bundle.text"], () => [.. Pem(One), .. Text("# epoch 3 salt 00ff\n# epoch 3 salt 00ff\n")]),
        ["CRLF"] = (["bundle.line-ends"], () => Text(Encoding.ASCII.GetString(Pem(One)).Replace("\n", "\r\n", StringComparison.Ordinal))),
        ["truncated second block"] = (["bundle.pem"], () => [.. Pem(One), .. Pem(Two)[..200]]),
        ["no base64"] = (["bundle.pem"], () => Text("-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n")),
        ["other end"] = (["bundle.pem"], () => Text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END X509 CRL-----\n")),
        ["no certificate in it"] = (["bundle.certificate"], () => Text("-----BEGIN CERTIFICATE-----\nMAAA\n-----END CERTIFICATE-----\n")),
        ["private key inside"] = (["bundle.private-key"], () => [.. Pem(One), .. One.KeyPem()]),
        ["list inside"] = (["bundle.foreign-block"], () => [.. Pem(One), .. List(One).ToPem()]),
        ["leaf inside"] = (["bundle.not-authority", "bundle.key-usage"], () => Pem(One, One.Leaf())),
        ["no CA"] = (["bundle.not-authority"], () => Pem(One with { IsAuthority = false })),
        ["no basic constraints"] = (["bundle.not-authority"], () => Pem(One with { IsAuthority = null })),
        ["no keyCertSign"] = (["bundle.key-usage"], () => Pem(One with { KeyUsage = X509KeyUsageFlags.CrlSign })),
        ["no key usage"] = (["bundle.key-usage"], () => Pem(One with { KeyUsage = null })),
        ["P-521"] = (["bundle.key-type"], () => Pem(One with { Key = ECDsa.Create(ECCurve.NamedCurves.nistP521) })),
        ["RSA-1024"] = (["bundle.key-type"], () => Pem(One with { Key = RSA.Create(1024) })),
        ["client usage only"] = (["bundle.extended-key-usage"], () => Pem(One with { ExtendedKeyUsage = [Oids.ClientAuth] })),
        ["server usage only"] = (["bundle.extended-key-usage"], () => Pem(One with { ExtendedKeyUsage = [Oids.ServerAuth] })),
        ["critical extension"] = (["bundle.critical-extension"], () => Pem(One with { More = [new X509Extension("1.2.3.4", [5, 0], true)] })),
        ["uncritical extension"] = ([], () => Pem(One with { More = [new X509Extension("1.2.3.4", [5, 0], false)] })),
        ["not yet valid"] = (["bundle.not-yet-valid"], () => Pem(One with { NotBefore = Make.Now.AddSeconds(1) })),
        ["valid from this second"] = ([], () => Pem(One with { NotBefore = Make.Now })),
        ["expired"] = (["bundle.expired"], () => Pem(One, Two with { NotAfter = Make.Now })),
        ["one second left"] = ([], () => Pem(One with { NotAfter = Make.Now.AddSeconds(1) })),
        ["same certificate twice"] = (["bundle.duplicate"], () => Pem(One) is var pem ? [.. pem, .. pem] : []),
        ["same name"] = (["bundle.same-name"], () => Pem(One, Two with { Subject = "CN=ONE" })),
        ["same key id"] = (["bundle.same-key-id"], () => Pem(One with { KeyIdentifier = new byte[20] }, Two with { KeyIdentifier = new byte[20] })),
        ["same key"] = (["bundle.same-key"], () => Pem(One, Two with { Key = One.Key, KeyIdentifier = new byte[20] })),
        ["too large"] = (["bundle.too-large"], () => [.. Pem(One), .. new byte[BundleLint.MaxLength].Select(_ => (byte)'\n')]),
    };

    private static readonly Dictionary<string, (string[] Codes, Func<byte[]> Lists)> ListRows = new()
    {
        ["none"] = ([], () => []),
        ["both"] = ([], () => [.. List(One).ToPem(), .. List(Two).ToPem()]),
        ["one of two"] = (["crl.missing"], () => List(One).ToPem()),
        ["garbage"] = (["crl.malformed"], () => Text("-----BEGIN X509 CRL-----\nMAAA\n-----END X509 CRL-----\n")),
        ["text"] = (["crl.malformed"], () => Text("hello\n")),
        ["a certificate"] = (["crl.malformed"], () => Pem(One)),
        ["stale"] = (["crl.stale"], () => [.. List(One, -2, 0).ToPem(), .. List(Two).ToPem()]),
        ["from tomorrow"] = (["crl.not-yet-valid"], () => [.. List(One, 1, 2).ToPem(), .. List(Two).ToPem()]),
        ["foreign"] = (["crl.foreign"], () => [.. List(One).ToPem(), .. List(Two).ToPem(), .. List(Forge.Root()).ToPem()]),
        ["right name, foreign key"] = (["crl.foreign", "crl.missing"], () => [.. List(Forge.Root("CN=one")).ToPem(), .. List(Two).ToPem()]),
        ["twice"] = (["crl.duplicate"], () => [.. List(One).ToPem(), .. List(One).ToPem(), .. List(Two).ToPem()]),
    };

    public static TheoryData<string> Names => [.. Rows.Keys];

    public static TheoryData<string> ListNames => [.. ListRows.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void Bundle(string name) => AssertCodes(Rows[name].Codes, BundleLint.Check(Rows[name].Pem(), [], Make.Now));

    [Theory]
    [MemberData(nameof(ListNames))]
    public void Revocation_lists(string name) => AssertCodes(ListRows[name].Codes, BundleLint.Check(Pem(One, Two), ListRows[name].Lists(), Make.Now));

    [Fact]
    public void A_root_that_may_not_sign_lists_does_not_vouch_for_one()
    {
        Forge root = One with { KeyUsage = X509KeyUsageFlags.KeyCertSign };
        AssertCodes(["crl.foreign", "crl.missing"], BundleLint.Check(Pem(root), List(root).ToPem(), Make.Now));
    }

    internal static void AssertCodes(string[] expected, IReadOnlyList<Finding> findings)
    {
        Assert.Equal(expected.Order(), findings.Select(finding => finding.Code).Order());
        Assert.All(findings, finding => Assert.True(finding.Where.Length > 0 && finding.What.Length > 0 && finding.Remedy.Length > 0, finding.ToString()));
    }

    internal static CertificateRevocationList List(Forge root, int fromDays = -1, int toDays = 7) =>
        CertificateRevocationList.Create(root.Authority(), [], 1, Make.Now.AddDays(fromDays), Make.Now.AddDays(toDays));

    internal static byte[] Pem(params Forge[] certificates) => [.. certificates.SelectMany(forge => forge.Certificate().ToPem())];

    internal static byte[] Text(string text) => Encoding.ASCII.GetBytes(text);
}
