using System.Text;

namespace SdsServer.Core.Pki;

/// <summary>The roots of one trust domain in their order, with their revocation lists if there are any. Immutable; says nothing of its own health, see <see cref="BundleLint"/>.</summary>
public sealed class TrustBundle
{
    /// <summary>Puts a bundle together.</summary>
    /// <param name="roots">In the order they shall stand in the PEM; at least one, since an empty bundle turns verification off.</param>
    /// <param name="revocationLists">For every root one, or none at all.</param>
    /// <exception cref="ArgumentException">There is no root.</exception>
    public TrustBundle(IReadOnlyList<Certificate> roots, IReadOnlyList<CertificateRevocationList>? revocationLists = null)
    {
        ArgumentNullException.ThrowIfNull(roots);
        if (roots.Count == 0)
        {
            throw new ArgumentException("a trust bundle needs at least one root", nameof(roots));
        }

        Roots = [.. roots];
        RevocationLists = [.. revocationLists ?? []];
    }

    /// <summary>The roots in order.</summary>
    public IReadOnlyList<Certificate> Roots { get; }

    /// <summary>The revocation lists.</summary>
    public IReadOnlyList<CertificateRevocationList> RevocationLists { get; }

    /// <summary>The exact bytes of Envoy's trusted_ca: each root as PEM, then the stamp as comment line. Equal input gives equal bytes.</summary>
    public byte[] ToPem(BundleStamp stamp)
    {
        ArgumentNullException.ThrowIfNull(stamp);
        return stamp.Epoch >= 0 && BundleStamp.IsSalt(stamp.Salt)
            ? [.. Roots.SelectMany(root => root.ToPem()), .. Encoding.ASCII.GetBytes($"{stamp}\n")]
            : throw new ArgumentException("an epoch is not negative and a salt has 1 to 64 lower-case hex digits", nameof(stamp));
    }

    /// <summary>The exact bytes of Envoy's crl; empty without lists.</summary>
    public byte[] RevocationListsToPem() => [.. RevocationLists.SelectMany(list => list.ToPem())];

    /// <summary>Reads what <see cref="ToPem"/> wrote: certificates, then one stamp, nothing else.</summary>
    /// <exception cref="FormatException">Anything else.</exception>
    public static (TrustBundle Bundle, BundleStamp Stamp) Parse(ReadOnlySpan<byte> pem)
    {
        IReadOnlyList<Certificate> roots = Certificate.ParsePem(pem);
        BundleStamp? stamp = PemDocument.Parse(pem).Text is [string line] ? BundleStamp.TryParse(line) : null;
        if (stamp is null || roots.Count == 0)
        {
            throw new FormatException("trust bundle: expected PEM certificates followed by one line \"# epoch N salt HEX\"");
        }

        TrustBundle bundle = new(roots);
        return pem.SequenceEqual(bundle.ToPem(stamp))
            ? (bundle, stamp)
            : throw new FormatException("trust bundle: not in the form it is written in (64 columns, LF, stamp last)");
    }
}
