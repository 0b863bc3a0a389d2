using System.Formats.Asn1;
using System.Security.Cryptography.X509Certificates;
using SdsServer.Core.Pki;

namespace SdsServer.Core.Tests.Pki;

public sealed class NameConstraintsTests
{
    public static byte[] Dns(string permitted) => Subtrees(0, 2, permitted);

    public static X509Extension Uri(string permitted) => new("2.5.29.30", Subtrees(0, 6, permitted), critical: true);

    [Theory]
    [InlineData("example.org", "spiffe://example.org/web", true)]
    [InlineData("EXAMPLE.org", "spiffe://example.org/web", true)]
    [InlineData("example.org", "spiffe://a.example.org/web", false)]
    [InlineData(".example.org", "spiffe://a.example.org/web", true)]
    [InlineData(".example.org", "spiffe://example.org/web", false)]
    [InlineData("example.org", "spiffe://example.com/web", false)]
    public void Uris_are_bound_by_host(string permitted, string uri, bool admitted)
    {
        Assert.Equal(admitted, NameConstraints.Parse(Subtrees(0, 6, permitted)).RefuseUri(uri) is null);
        Assert.Equal(!admitted, NameConstraints.Parse(Subtrees(1, 6, permitted)).RefuseUri(uri) is null);
        Assert.Null(NameConstraints.Parse(Dns("other")).RefuseUri(uri));
    }

    [Theory]
    [InlineData("example.org", "example.org", true)]
    [InlineData("example.org", "a.example.org", true)]
    [InlineData(".example.org", "a.example.org", true)]
    [InlineData("example.org", "anexample.org", false)]
    [InlineData("", "anything", true)]
    public void Dns_names_are_bound_by_suffix(string permitted, string name, bool admitted) =>
        Assert.Equal(admitted, NameConstraints.Parse(Dns(permitted)).RefuseDns(name) is null);

    [Fact]
    public void Directory_names_cannot_be_decided_under_a_subject()
    {
        NameConstraints constraints = NameConstraints.Parse(Subtrees(0, 4, null));
        Forge root = Forge.Root();
        Assert.NotNull(constraints.Refuse(root.Certificate()));
        Assert.Null(constraints.Refuse(root.Leaf().Certificate()));
    }

    [Fact]
    public void Minimum_and_maximum_are_refused() =>
        Assert.Throws<FormatException>(() => NameConstraints.Parse(Subtrees(0, 2, "a", minimum: true)));

    private static byte[] Subtrees(int list, int kind, string? name, bool minimum = false)
    {
        AsnWriter writer = new(AsnEncodingRules.DER);
        using (writer.PushSequence())
        using (writer.PushSequence(new Asn1Tag(TagClass.ContextSpecific, list)))
        using (writer.PushSequence())
        {
            if (name is null)
            {
                using AsnWriter.Scope directory = writer.PushSequence(new Asn1Tag(TagClass.ContextSpecific, kind));
                writer.WriteEncodedValue(DistinguishedName.Create((Oids.CommonName, "x")).Der.Span);
            }
            else
            {
                writer.WriteCharacterString(UniversalTagNumber.IA5String, name, new Asn1Tag(TagClass.ContextSpecific, kind));
            }

            if (minimum)
            {
                writer.WriteInteger(1, new Asn1Tag(TagClass.ContextSpecific, 0));
            }
        }

        return writer.Encode();
    }
}
