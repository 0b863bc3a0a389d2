using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace SdsServer.Tests.Enrolment;

/// <summary>Certificate requests by the framework's own writer, also such as this program would not make.</summary>
internal static class Requests
{
    /// <summary>For these URI names.</summary>
    public static byte[] For(params string[] uris) => With("", uris, []);

    public static byte[] With(string subject, string[] uris, string[] dnsNames) => Make(subject, names =>
    {
        foreach (string uri in uris)
        {
            names.WriteCharacterString(UniversalTagNumber.IA5String, uri, new Asn1Tag(TagClass.ContextSpecific, 6));
        }

        foreach (string dns in dnsNames)
        {
            names.WriteCharacterString(UniversalTagNumber.IA5String, dns, new Asn1Tag(TagClass.ContextSpecific, 2));
        }
    });

    /// <summary>With a URI name of these bytes.</summary>
    public static byte[] Raw(byte[] uri) => Make("", names => names.WriteOctetString(uri, new Asn1Tag(TagClass.ContextSpecific, 6)));

    private static byte[] Make(string subject, Action<AsnWriter> write)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new(new X500DistinguishedName(subject), key, HashAlgorithmName.SHA256);
        AsnWriter names = new(AsnEncodingRules.DER);
        using (names.PushSequence())
        {
            write(names);
        }

        request.CertificateExtensions.Add(new X509Extension("2.5.29.17", names.Encode(), critical: true));
        return request.CreateSigningRequest();
    }
}
