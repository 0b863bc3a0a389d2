using SdsServer.Core.Pki;

namespace SdsServer.Core.Authorities;

/// <summary>How a root certificate is named in the trust state, the ledger and the API.</summary>
public static class RootId
{
    /// <summary>Lower-case hex of the first 16 bytes of SHA-256 over the certificate's DER.</summary>
    public static string Of(Certificate root) => OfDigest(root.Fingerprint);

    /// <summary>The same from the whole SHA-256, in lower-case hex.</summary>
    public static string OfDigest(string digest) => digest[..32];
}
