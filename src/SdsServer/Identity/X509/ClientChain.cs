using System.Security.Cryptography.X509Certificates;
using SdsServer.Core.Pki;

namespace SdsServer.Identity.X509;

/// <summary>What the other end of a TLS connection has shown. It holds the key of the first certificate; nothing else of it is believed yet.</summary>
/// <param name="Certificates">The leaf, then what was sent with it; empty where one of them cannot be read.</param>
/// <param name="Fault">Why it cannot be read; empty when it can.</param>
internal sealed record ClientChain(IReadOnlyList<Certificate> Certificates, string Fault)
{
    // More than the verifier takes, so that a longer one is refused there with its reason.
    private const int Most = 11;

    /// <summary>Of this call's connection; null where nothing was shown.</summary>
    public static ClientChain? Of(HttpContext http) => http.Features.Get<ClientChain>();

    /// <param name="leaf">The certificate whose key the peer has proven to hold.</param>
    /// <param name="sent">All that were sent, in any order; the leaf may be among them.</param>
    public static ClientChain Read(X509Certificate leaf, X509Certificate2Collection? sent)
    {
        List<Certificate> chain = [];
        IEnumerable<byte[]> all = [leaf.GetRawCertData(), .. (sent ?? []).Select(certificate => certificate.RawData)];
        foreach (byte[] der in all)
        {
            if (!Certificate.TryParse(der, out Certificate? certificate, out string? reason))
            {
                return new ClientChain([], reason);
            }

            if (!chain.Contains(certificate) && chain.Count < Most)
            {
                chain.Add(certificate);
            }
        }

        return new ClientChain(chain, "");
    }
}
