using System.Formats.Asn1;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;

namespace SdsServer.Cli.Demo;

/// <summary>Whether the peer is who it should be: its chain ends in the bundle, and it has the one SPIFFE ID expected.</summary>
internal sealed class PeerCheck(string expectedId)
{
    private const string SubjectAlternativeName = "2.5.29.17";

    /// <summary>What is wrong with the peer; null while nothing is.</summary>
    public string? Finding { get; private set; }

    public bool Verify(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        // The chain was built with the policy of the side that checks. Names of hosts mean nothing here.
        if ((errors & ~SslPolicyErrors.RemoteCertificateNameMismatch) != SslPolicyErrors.None)
        {
            Finding = chain is { ChainStatus: [_, ..] status } ? string.Join(", ", status.Select(s => s.Status)) : $"{errors}";
            return false;
        }

        string found = certificate is X509Certificate2 leaf ? SpiffeIdOf(leaf) ?? "none" : "none";
        Finding = found == expectedId ? null : $"its SPIFFE ID is {found}, not {expectedId}";
        return Finding is null;
    }

    /// <summary>The only URI among the subject's names; null if there is none or several.</summary>
    internal static string? SpiffeIdOf(X509Certificate2 certificate)
    {
        if (certificate.Extensions[SubjectAlternativeName] is not { } extension)
        {
            return null;
        }

        AsnReader names = new AsnReader(extension.RawData, AsnEncodingRules.DER).ReadSequence();
        Asn1Tag uri = new(TagClass.ContextSpecific, 6);
        string? found = null;
        while (names.HasData)
        {
            if (names.PeekTag() != uri)
            {
                names.ReadEncodedValue();
                continue;
            }

            string value = names.ReadCharacterString(UniversalTagNumber.IA5String, uri);
            if (found is not null)
            {
                return null;
            }

            found = value;
        }

        return found;
    }
}
