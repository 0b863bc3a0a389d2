using System.Formats.Asn1;
using System.Security.Cryptography;
using SdsServer.Core.Pki;

namespace SdsServer.Core.Tests.Pki;

public sealed class PublicKeyInfoTests
{
    [Theory]
    [InlineData("1.2.840.10045.3.1.7", KeyAlgorithm.EcdsaP256, "P-256")]
    [InlineData("1.3.132.0.34", KeyAlgorithm.EcdsaP384, "P-384")]
    [InlineData("1.3.132.0.35", null, "P-521")]
    public void Curves_are_told_apart(string curve, KeyAlgorithm? algorithm, string description)
    {
        using ECDsa key = ECDsa.Create(ECCurve.CreateFromValue(curve));
        PublicKeyInfo info = PublicKeyInfo.Parse(key.ExportSubjectPublicKeyInfo());
        Assert.Equal((algorithm, description), (info.Algorithm, info.Description));
        Assert.StartsWith(description, info.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1024, null)]
    [InlineData(2048, KeyAlgorithm.Rsa2048)]
    [InlineData(2560, null)]
    [InlineData(3072, KeyAlgorithm.Rsa3072)]
    public void Rsa_sizes_are_told_apart(int size, KeyAlgorithm? algorithm)
    {
        using RSA key = RSA.Create(size);
        PublicKeyInfo info = PublicKeyInfo.Parse(key.ExportSubjectPublicKeyInfo());
        Assert.Equal((algorithm, $"RSA-{size}"), (info.Algorithm, info.Description));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(65536)]
    public void Rsa_with_an_unusable_exponent_is_refused(int exponent)
    {
        using RSA key = RSA.Create(2048);
        AsnWriter numbers = new(AsnEncodingRules.DER);
        using (numbers.PushSequence())
        {
            numbers.WriteIntegerUnsigned(key.ExportParameters(false).Modulus);
            numbers.WriteInteger(exponent);
        }

        Assert.Null(PublicKeyInfo.Parse(Spki(key.ExportSubjectPublicKeyInfo(), numbers.Encode())).Algorithm);
    }

    [Fact]
    public void Points_must_be_whole_uncompressed_and_on_the_curve()
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        byte[] spki = key.ExportSubjectPublicKeyInfo(), point = spki[^65..];
        Assert.Throws<FormatException>(() => PublicKeyInfo.Parse(Spki(spki, [2, .. point[1..33]])));
        Assert.Throws<FormatException>(() => PublicKeyInfo.Parse(Spki(spki, [6, .. point[1..]])));
        Assert.Throws<FormatException>(() => PublicKeyInfo.Parse(Spki(spki, point[..64])));
        Assert.Throws<FormatException>(() => PublicKeyInfo.Parse((byte[])[.. spki, 0]));
        Assert.Throws<FormatException>(() => PublicKeyInfo.Parse(new byte[] { 1, 2, 3 }));
        byte[] off = [.. point];
        off[40] ^= 1;
        byte[] signature = key.SignData("x"u8.ToArray(), HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence);
        Assert.True(PublicKeyInfo.Parse(spki).Verify("x"u8, signature, SignatureAlgorithm.For(KeyAlgorithm.EcdsaP256)));
        Assert.False(PublicKeyInfo.Parse(Spki(spki, off)).Verify("x"u8, signature, SignatureAlgorithm.For(KeyAlgorithm.EcdsaP256)));
        Assert.False(PublicKeyInfo.Parse(spki).Verify("x"u8, signature, SignatureAlgorithm.For(KeyAlgorithm.Rsa2048)));
        Assert.False(PublicKeyInfo.Parse(spki).Verify("x"u8, signature, null));
    }

    private static byte[] Spki(byte[] original, byte[] bits)
    {
        AsnWriter writer = new(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            writer.WriteEncodedValue(new AsnReader(original, AsnEncodingRules.DER).ReadSequence().ReadEncodedValue().Span);
            writer.WriteBitString(bits);
        }

        return writer.Encode();
    }
}
