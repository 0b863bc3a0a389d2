using System.Collections.Frozen;
using SdsServer.Core.Pki;

namespace SdsServer.Identity.X509;

/// <summary>For each authority of a file the revocation list that counts. Immutable.</summary>
internal sealed class RevocationLists
{
    // The same as for certificates: a clock ahead of ours has made it a moment ago.
    private static readonly TimeSpan s_early = TimeSpan.FromMinutes(1);

    private readonly FrozenDictionary<Certificate, CertificateRevocationList> _byAuthority;

    private RevocationLists(FrozenDictionary<Certificate, CertificateRevocationList> byAuthority) => _byAuthority = byAuthority;

    /// <summary>Lists of nobody.</summary>
    public static RevocationLists Empty { get; } = new(FrozenDictionary<Certificate, CertificateRevocationList>.Empty);

    /// <summary>By the authority that has signed them.</summary>
    public IReadOnlyDictionary<Certificate, CertificateRevocationList> ByAuthority => _byAuthority;

    /// <summary>Gives each authority the newest of its lists.</summary>
    /// <param name="lists">With the file that each is from.</param>
    /// <param name="authorities">Those that need one.</param>
    /// <param name="before">The lists in force, older than which none may be; <see cref="Empty"/> for none.</param>
    /// <param name="now">Time for all dates.</param>
    /// <exception cref="FormatException">A list is of nobody here, is not valid now, or is older than the one in force; or an authority has none.</exception>
    public static RevocationLists Read(
        IReadOnlyCollection<(string File, CertificateRevocationList List)> lists, IReadOnlyCollection<Certificate> authorities, RevocationLists before, DateTimeOffset now)
    {
        if (lists.FirstOrDefault(read => !authorities.Any(read.List.IsSignedBy)) is (not null, _) foreign)
        {
            throw new FormatException($"'{foreign.File}': no authority of the CA file has signed {foreign.List}, or it may not (its key usage lacks cRLSign)");
        }

        Dictionary<Certificate, CertificateRevocationList> byAuthority = [];
        foreach (Certificate authority in authorities)
        {
            (string file, CertificateRevocationList? newest) = lists.Where(read => read.List.IsSignedBy(authority)).OrderBy(read => read.List.ThisUpdate).ThenBy(read => read.List.Number).LastOrDefault();
            byAuthority.Add(authority, newest switch
            {
                null => throw new FormatException($"{authority} has no list; each authority of the CA file needs one"),
                _ when newest.ThisUpdate > now + s_early => throw new FormatException($"'{file}': {newest} is not valid before {newest.ThisUpdate:u}"),
                _ when newest.NextUpdate <= now => throw new FormatException($"'{file}': {newest} is out of date; have the authority sign a fresh one"),
                _ when before._byAuthority.TryGetValue(authority, out CertificateRevocationList? known) && newest.ThisUpdate < known.ThisUpdate =>
                    throw new FormatException($"'{file}': {newest} is older than the list in force, {known}; what was revoked since would come in again"),
                _ => newest,
            });
        }

        return new RevocationLists(byAuthority.ToFrozenDictionary());
    }

    /// <summary>When a list that is valid now is out of date, the first of them; null: none is valid now.</summary>
    public DateTimeOffset? NextEnd(DateTimeOffset now) =>
        _byAuthority.Values.Where(list => list.NextUpdate > now).Select(static list => (DateTimeOffset?)list.NextUpdate).Min();

    /// <summary>Judges the certificates of a chain. Null: none is revoked, by lists that are valid.</summary>
    /// <param name="path">Leaf first, then each one's issuer; the last one's may be absent.</param>
    /// <param name="now">Time for the lists.</param>
    public CertificateRefusedException? Refuse(IReadOnlyList<Certificate> path, DateTimeOffset now)
    {
        for (int i = 0; i < path.Count; i++)
        {
            Certificate certificate = path[i];
            CertificateRevocationList[] lists = [.. _byAuthority.Where(pair => certificate.IsSignedBy(pair.Key)).Select(pair => pair.Value)];
            if (lists.Length == 0 && i < path.Count - 1)
            {
                return new(CertificateRefusal.Unchecked, $"nobody can tell whether {certificate} is revoked: there is no revocation list of {path[i + 1]}");
            }

            if (Array.Find(lists, list => list.Serials.Contains(certificate.Serial)) is { } revoking)
            {
                return new(CertificateRefusal.Revoked, $"{certificate} is revoked by {revoking}");
            }

            if (Array.Find(lists, list => list.NextUpdate <= now) is { } stale)
            {
                return new(CertificateRefusal.Unchecked, $"nobody can tell whether {certificate} is revoked: {stale} is out of date");
            }
        }

        return null;
    }
}
