using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using FsCheck;
using FsCheck.Fluent;
using SdsServer.Core.Pki;

namespace SdsServer.Core.Tests.Pki;

public sealed class CertificateTests
{
    [Fact]
    public void Every_field_is_what_the_framework_reads()
    {
        Forge root = Forge.Root("CN=Root, O=\"Ex, Ample\", C=DE") with { PathLength = 3 };
        Forge leaf = root.Leaf() with { Subject = "CN=web", DnsNames = ["web.example.org"] };
        foreach (byte[] der in new[] { root.Der(), leaf.Der() })
        {
            Certificate ours = Certificate.Parse(der);
            using X509Certificate2 theirs = X509CertificateLoader.LoadCertificate(der);
            Assert.Equal(theirs.SubjectName.RawData, ours.Subject.Der.ToArray());
            Assert.Equal(theirs.IssuerName.RawData, ours.Issuer.Der.ToArray());
            Assert.Equal(theirs.SerialNumber, ours.Serial, ignoreCase: true);
            Assert.Equal(theirs.NotBefore.ToUniversalTime(), ours.NotBefore.UtcDateTime);
            Assert.Equal(theirs.NotAfter.ToUniversalTime(), ours.NotAfter.UtcDateTime);
            Assert.Equal(theirs.PublicKey.ExportSubjectPublicKeyInfo(), ours.PublicKey.Der.ToArray());
            Assert.Equal(theirs.GetCertHashString(HashAlgorithmName.SHA256), ours.Fingerprint, ignoreCase: true);
            Assert.Equal(theirs.Extensions.OfType<X509KeyUsageExtension>().Single().KeyUsages, ours.KeyUsage);
            Assert.Equal(theirs.Extensions.OfType<X509BasicConstraintsExtension>().Single().CertificateAuthority, ours.IsAuthority);
            Assert.Equal(theirs.Extensions.OfType<X509SubjectKeyIdentifierExtension>().Single().SubjectKeyIdentifierBytes.ToArray(), ours.SubjectKeyIdentifier!.Value.ToArray());
        }

        Certificate parsed = leaf.Certificate();
        Assert.Equal(3, root.Certificate().PathLength);
        Assert.Equal(["spiffe://example.org/web"], parsed.AlternativeNames.Uris);
        Assert.Equal(["web.example.org"], parsed.AlternativeNames.DnsNames);
        Assert.Equal(["1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"], parsed.ExtendedKeyUsage);
        Assert.Equal(root.Certificate().SubjectKeyIdentifier!.Value.ToArray(), parsed.AuthorityKeyIdentifier!.Value.ToArray());
        Assert.True(parsed.IsSignedBy(root.Certificate()));
        Assert.False(parsed.IsSignedBy(Forge.Root("CN=Root, O=\"Ex, Ample\", C=DE").Certificate()));
        Assert.True(root.Certificate().IsSelfSigned);
        Assert.Contains("CN=Root", root.Certificate().ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(X509KeyUsageFlags.DecipherOnly | X509KeyUsageFlags.KeyAgreement)]
    [InlineData(X509KeyUsageFlags.EncipherOnly)]
    [InlineData(X509KeyUsageFlags.DigitalSignature | X509KeyUsageFlags.NonRepudiation | X509KeyUsageFlags.KeyEncipherment)]
    public void Key_usage_bits_keep_their_place(X509KeyUsageFlags usage) => Assert.Equal(usage, (Forge.Root() with { KeyUsage = usage }).Certificate().KeyUsage);

    [Fact]
    public void Trailing_bytes_repeated_extensions_and_other_files_are_refused()
    {
        byte[] der = Make.Root().Root.Der.ToArray();
        Assert.Throws<FormatException>(() => Certificate.Parse([.. der, 0]));
        Assert.Throws<FormatException>(() => Certificate.Parse(der.AsSpan(0, der.Length - 1)));
        Assert.Throws<FormatException>(() => Certificate.Parse([]));
        Assert.False(Certificate.TryParse([0x30, 0], out _, out string? reason));
        Assert.StartsWith("certificate: ", reason, StringComparison.Ordinal);
        byte[] sameInside = [.. der];
        int algorithm = der.AsSpan().LastIndexOf(SignatureAlgorithm.For(KeyAlgorithm.EcdsaP256).Identifier);
        SignatureAlgorithm.For(KeyAlgorithm.EcdsaP384).Identifier.CopyTo(sameInside, algorithm);
        Assert.Contains("differs", Assert.Throws<FormatException>(() => Certificate.Parse(sameInside)).Message, StringComparison.Ordinal);
        X509Extension extra = new("1.2.3.4", [5, 0], critical: false);
        Assert.Contains("twice", Assert.Throws<FormatException>(() => RawExtensions([extra, extra])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Damaged_bytes_give_a_format_exception_and_nothing_else()
    {
        byte[] der = (Forge.Root("CN=Root") with { Uris = ["spiffe://example.org"], ExtendedKeyUsage = ["1.2.3"], More = [new X509Extension("2.5.29.30", NameConstraintsTests.Dns("exm.org"), true)] }).Der();
        Assert.NotNull(Certificate.Parse(der));
        Prop.ForAll(ArbMap.Default.ArbFor<(int At, byte Value, bool Cut)>(), change =>
        {
            int at = (int)((uint)change.At % der.Length);
            byte[] damaged = [.. der];
            damaged[at] = change.Value;
            return Certificate.TryParse(change.Cut ? damaged[..at] : damaged, out Certificate? parsed, out _) ? parsed.ToString().Length > 0 : true;
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(5000));
        for (int at = 0; at < der.Length; at++)
        {
            foreach (byte bit in new byte[] { 1, 2, 4, 8, 16, 32, 64, 128 })
            {
                byte[] damaged = [.. der];
                damaged[at] ^= bit;
                _ = Certificate.TryParse(damaged, out Certificate? parsed, out _) ? $"{parsed}" : "";
            }
        }
    }

    [Theory]
    [InlineData("2049-12-31T23:59:59Z", 0x17)]
    [InlineData("2050-01-01T00:00:00Z", 0x18)]
    public void Dates_are_utc_time_through_2049_and_generalized_time_after(string end, byte tag)
    {
        DateTimeOffset notAfter = DateTimeOffset.Parse(end, System.Globalization.CultureInfo.InvariantCulture);
        using SigningAuthority root = Make.Root(lifetime: notAfter - Make.Now);
        Assert.Equal(notAfter, root.Root.NotAfter);
        using X509Certificate2 theirs = X509CertificateLoader.LoadCertificate(root.Root.Der.Span);
        Assert.Equal(notAfter.UtcDateTime, theirs.NotAfter.ToUniversalTime());
        string text = tag == 0x17 ? $"{notAfter:yyMMddHHmmss}Z" : $"{notAfter:yyyyMMddHHmmss}Z";
        byte[] encoded = [tag, (byte)text.Length, .. System.Text.Encoding.ASCII.GetBytes(text)];
        Assert.True(root.Root.Der.Span.IndexOf(encoded) > 0);
    }

    [Fact]
    public void Names_are_one_as_envoy_sees_them()
    {
        Certificate plain = Forge.Root("CN=Mesh Root, O=Acme").Certificate();
        Assert.Equal(plain.Subject, Forge.Root("CN=\"mesh   ROOT \", O=acme").Certificate().Subject);
        Assert.NotEqual(plain.Subject, Forge.Root("CN=Mesh Roots, O=Acme").Certificate().Subject);
        Assert.NotEqual(plain.Subject, Forge.Root("O=Acme, CN=Mesh Root").Certificate().Subject);
        Assert.NotEqual(plain.Subject, Forge.Root("CN=Mesh Root").Certificate().Subject);
    }

    private static Certificate RawExtensions(X509Extension[] extensions)
    {
        using SigningAuthority root = Make.Root();
        byte[] der = CertificateWriter.ForThisThread.Write(
            root.Key, CertificateWriter.NewSerial(), root.Root.Subject.Der.Span, (Make.Now, Make.Now.AddDays(1)), root.Root.Subject, root.Key.PublicKey, "spiffe://example.org", [], [],
            [.. extensions.Select(extension => CertificateWriter.Extension(extension.Oid!.Value!, extension.Critical, writer => writer.WriteNull()))]);
        return Certificate.Parse(der);
    }
}
