using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using SdsServer.Core.Pki;

namespace SdsServer.Core.Tests.Pki;

public sealed class CertificateRevocationListTests
{
    [Theory]
    [InlineData(KeyAlgorithm.EcdsaP256)]
    [InlineData(KeyAlgorithm.Rsa2048)]
    public void A_list_says_what_it_was_given(KeyAlgorithm algorithm)
    {
        using SigningAuthority root = Make.Root(algorithm), other = Make.Root(algorithm);
        string serial = Make.Leaf(root).Leaf.Serial;
        CertificateRevocationList list = CertificateRevocationList.Create(root, [new(serial, Make.Now), new("ff01", Make.Now)], 42, Make.Now, Make.Now.AddYears(30));
        Assert.Equal([serial, "ff01"], list.Serials);
        Assert.Equal((42, Make.Now, Make.Now.AddYears(30), root.Root.Subject), ((int)list.Number, list.ThisUpdate, list.NextUpdate, list.Issuer));
        Assert.True(list.IsSignedBy(root.Root));
        Assert.False(list.IsSignedBy(other.Root));
        Assert.Equal(list.Serials, Assert.Single(CertificateRevocationList.ParsePem(list.ToPem())).Serials);
        Assert.Equal(42, CertificateRevocationListBuilder.Load(list.Der.Span, out System.Numerics.BigInteger number, out _) is not null ? (int)number : 0);
    }

    [Fact]
    public void Lists_of_the_framework_are_read()
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        Forge root = Forge.Root() with { Key = key };
        CertificateRevocationListBuilder builder = new();
        builder.AddEntry([1, 2, 3], Make.Now, X509RevocationReason.KeyCompromise);
        byte[] der = builder.Build(
            new X500DistinguishedName(root.Subject), X509SignatureGenerator.CreateForECDsa(key), 9, Make.Now.AddDays(1), HashAlgorithmName.SHA256,
            X509AuthorityKeyIdentifierExtension.CreateFromSubjectKeyIdentifier(new byte[20]), Make.Now);
        CertificateRevocationList list = CertificateRevocationList.Parse(der);
        Assert.Equal(["010203"], list.Serials);
        Assert.True(list.IsSignedBy(root.Certificate()));
        Assert.Throws<FormatException>(() => CertificateRevocationList.Parse([.. der, 0]));
        Assert.Throws<FormatException>(() => CertificateRevocationList.Parse([]));
        for (int at = 0; at < der.Length; at++)
        {
            byte[] damaged = [.. der];
            damaged[at] ^= 0x10;
            try
            {
                Assert.False(CertificateRevocationList.Parse(damaged).IsSignedBy(root.Certificate()), $"octet {at}");
            }
            catch (FormatException)
            {
                // refused: just as good
            }
        }
    }

    [Theory]
    [InlineData("2.5.29.27", true)] // a delta list
    [InlineData("2.5.29.28", true)] // a partitioned or indirect one
    [InlineData("1.2.3.4", false)]
    public void A_critical_extension_nobody_understands_refuses_the_list(string oid, bool critical)
    {
        using SigningAuthority root = Make.Root();
        CertificateRevocationList good = CertificateRevocationList.Create(root, [], 1, Make.Now, Make.Now.AddDays(1));
        AsnReader body = new AsnReader(good.Der, AsnEncodingRules.DER).ReadSequence().ReadSequence();
        AsnWriter writer = new(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            for (int field = 0; field < 5; field++)
            {
                writer.WriteEncodedValue(body.ReadEncodedValue().Span);
            }

            using (writer.PushSequence(new Asn1Tag(TagClass.ContextSpecific, 0)))
            using (writer.PushSequence())
            {
                CertificateWriter.WriteExtension(writer, oid, critical, value => value.WriteNull());
            }
        }

        byte[] der = SignedData.Sign(writer, new AsnWriter(AsnEncodingRules.DER), root.Key);
        if (critical)
        {
            Assert.Contains(oid, Assert.Throws<FormatException>(() => CertificateRevocationList.Parse(der)).Message, StringComparison.Ordinal);
        }
        else
        {
            Assert.True(CertificateRevocationList.Parse(der).IsSignedBy(root.Root));
        }
    }

    [Fact]
    public void A_list_without_end_or_with_one_before_its_start_cannot_be_made()
    {
        using SigningAuthority root = Make.Root();
        Assert.Throws<ArgumentException>(() => CertificateRevocationList.Create(root, [], 1, Make.Now, Make.Now));
        Assert.Throws<ArgumentException>(() => CertificateRevocationList.Create(root, [], -1, Make.Now, Make.Now.AddDays(1)));
    }
}
