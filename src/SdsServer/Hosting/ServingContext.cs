using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace SdsServer.Hosting;

/// <summary>What a TLS listener shows, out of PEM.</summary>
internal static class ServingContext
{
    /// <param name="chain">The certificate, then its intermediates.</param>
    /// <param name="key">Its private key; the caller's to zero. Its text is in no string, which nobody could.</param>
    /// <exception cref="CryptographicException">They do not hold that.</exception>
    public static SslStreamCertificateContext Create(string chain, ReadOnlySpan<byte> key)
    {
        X509Certificate2Collection certificates = [];
        certificates.ImportFromPem(chain);
        char[] text = GC.AllocateUninitializedArray<char>(key.Length, pinned: true);
        try
        {
            // What is not ASCII stands in comments only, or is the mark that some editors begin with.
            int length = Encoding.Latin1.GetChars(key.StartsWith(Encoding.UTF8.Preamble) ? key[Encoding.UTF8.Preamble.Length..] : key, text);
            return SslStreamCertificateContext.Create(X509Certificate2.CreateFromPem(chain, text.AsSpan(0, length)), [.. certificates.Skip(1)], offline: true);
        }
        finally
        {
            Array.Clear(text);
        }
    }
}
