using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using SdsServer.Core.Pki;

namespace SdsServer.Core.Tests.Pki;

public sealed class CertificateSigningRequestTests
{
    [Theory]
    [InlineData(KeyAlgorithm.EcdsaP256)]
    [InlineData(KeyAlgorithm.EcdsaP384)]
    [InlineData(KeyAlgorithm.Rsa2048)]
    public void Our_own_requests_are_read_back_and_by_the_framework(KeyAlgorithm algorithm)
    {
        using PrivateKey key = PrivateKey.Generate(algorithm);
        byte[] der = CertificateSigningRequest.Create(key, Make.Web, ["web"]);
        Assert.True(CertificateSigningRequest.TryParse(der, out CertificateSigningRequest? request, out _));
        Assert.Equal(key.PublicKey, request.PublicKey);
        Assert.Equal([Make.Web.ToString()], request.AlternativeNames.Uris);
        Assert.Equal(["web"], request.AlternativeNames.DnsNames);
        Assert.NotNull(CertificateRequest.LoadSigningRequest(der, HashAlgorithmName.SHA256, CertificateRequestLoadOptions.UnsafeLoadCertificateExtensions));
    }

    [Fact]
    public void A_foreign_request_is_read_as_der_and_pem_with_and_without_names()
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest made = new("CN=web", key, HashAlgorithmName.SHA256);
        Assert.True(CertificateSigningRequest.TryParse(made.CreateSigningRequest(), out CertificateSigningRequest? plain, out _));
        Assert.Empty(plain.AlternativeNames.Uris);
        SubjectAlternativeNameBuilder names = new();
        names.AddUri(new Uri(Make.Web.ToString()));
        names.AddIpAddress(System.Net.IPAddress.Loopback);
        names.AddEmailAddress("a@b");
        made.CertificateExtensions.Add(names.Build());
        byte[] pem = System.Text.Encoding.ASCII.GetBytes(made.CreateSigningRequestPem());
        Assert.True(CertificateSigningRequest.TryParse(pem, out CertificateSigningRequest? request, out _));
        Assert.Equal(["IP address", "e-mail"], request.AlternativeNames.OtherKinds.Order(StringComparer.Ordinal));
        Assert.Contains("CN=web", request.Subject.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Weak_foreign_and_unproven_keys_and_broken_bytes_are_refused()
    {
        using ECDsa p256 = ECDsa.Create(ECCurve.NamedCurves.nistP256), p521 = ECDsa.Create(ECCurve.NamedCurves.nistP521), p224 = ECDsa.Create(ECCurve.CreateFromValue("1.3.132.0.33"));
        using RSA small = RSA.Create(1024);
        byte[] good = new CertificateRequest("CN=web", p256, HashAlgorithmName.SHA256).CreateSigningRequest();
        Refused("P-521", new CertificateRequest("CN=web", p521, HashAlgorithmName.SHA512).CreateSigningRequest());
        Refused("EC curve 1.3.132.0.33", new CertificateRequest("CN=web", p224, HashAlgorithmName.SHA256).CreateSigningRequest());
        Refused("RSA-1024", new CertificateRequest("CN=web", small, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1).CreateSigningRequest());
        Refused("certificate request", [.. good, 0]);
        Refused("certificate request", good[..^1]);
        Refused("more than 65536", new byte[65537]);
        Refused("exactly one", [.. System.Text.Encoding.ASCII.GetBytes("-----BEGIN CERTIFICATE-----\nMAAA\n-----END CERTIFICATE-----\n")]);

        // Another's key under our own signature: the last octets of the point differ.
        using ECDsa other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        int at = good.AsSpan().IndexOf(p256.ExportSubjectPublicKeyInfo());
        other.ExportSubjectPublicKeyInfo().CopyTo(good, at);
        Refused("possession", good);

        static void Refused(string reason, byte[] request)
        {
            Assert.False(CertificateSigningRequest.TryParse(request, out _, out string? said));
            Assert.Contains(reason, said, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Two_extension_requests_are_refused()
    {
        using PrivateKey key = PrivateKey.Generate(KeyAlgorithm.EcdsaP256);
        AsnWriter body = new(AsnEncodingRules.DER);
        using (body.PushSequence())
        {
            body.WriteInteger(0);
            body.WriteEncodedValue(DistinguishedName.Empty.Der.Span);
            body.WriteEncodedValue(key.PublicKey.Der.Span);
            using AsnWriter.Scope attributes = body.PushSetOf(new Asn1Tag(TagClass.ContextSpecific, 0));
            for (int i = 0; i < 2; i++)
            {
                using AsnWriter.Scope attribute = body.PushSequence();
                body.WriteObjectIdentifier(Oids.ExtensionRequest);
                using AsnWriter.Scope values = body.PushSetOf();
                using AsnWriter.Scope extensions = body.PushSequence();
            }
        }

        byte[] der = SignedData.Sign(body, new AsnWriter(AsnEncodingRules.DER), key);
        Assert.False(CertificateSigningRequest.TryParse(der, out _, out string? reason));
        Assert.Contains("two extension requests", reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Damage_never_throws_and_never_passes_unless_it_is_outside_what_is_signed()
    {
        using PrivateKey key = PrivateKey.Generate(KeyAlgorithm.EcdsaP256);
        byte[] der = CertificateSigningRequest.Create(key, Make.Web, []);
        for (int at = 0; at < der.Length; at++)
        {
            byte[] damaged = [.. der];
            damaged[at] ^= 1;
            Assert.False(CertificateSigningRequest.TryParse(damaged, out _, out string? reason), $"octet {at}");
            Assert.NotEmpty(reason);
        }
    }
}
