using System.Collections.Immutable;
using System.Security.Cryptography;
using SdsServer.Core.Pki;

namespace SdsServer.Identity.X509;

/// <summary>
/// The files with the revocation lists of some authorities, in DER or PEM. They are read again when they change, all of them as one; what cannot be used is refused with an
/// error, and the lists from before count until they are out of date. For one caller at a time, but <see cref="Lists"/> and <see cref="Faults"/>.
/// </summary>
internal sealed class RevocationFiles(ImmutableArray<string> files, ILogger logger)
{
    // Of a list's time: an authority that signs one a day is six hours late then.
    private const double Late = 0.75;

    private readonly HashSet<CertificateRevocationList> _late = [];
    private readonly HashSet<CertificateRevocationList> _ended = [];
    private readonly List<string> _digests = [];
    private HashSet<Certificate> _authorities = [];
    private volatile RevocationLists _lists = RevocationLists.Empty;
    private volatile string[] _faults = [];
    private string _fault = "";

    /// <summary>Those that count.</summary>
    public RevocationLists Lists => _lists;

    /// <summary>What is wrong now, for operators; empty when nothing.</summary>
    public IReadOnlyList<string> Faults => _faults;

    /// <exception cref="IOException">A file cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">Nor by this user.</exception>
    /// <exception cref="FormatException">A file holds no lists, or they are not what the authorities need.</exception>
    public void Start(IReadOnlyCollection<Certificate> authorities, DateTimeOffset now) => Take([.. files.Select(TrustedFile.Read)], authorities, now);

    /// <summary>Reads the files again if they or the authorities have changed, and tells of lists that are running out.</summary>
    public void Refresh(IReadOnlyCollection<Certificate> authorities, DateTimeOffset now)
    {
        try
        {
            byte[][] contents = [.. files.Select(TrustedFile.Read)];
            if (_fault.Length > 0 || !_authorities.SetEquals(authorities) || !contents.Select(Digest).SequenceEqual(_digests))
            {
                Take(contents, authorities, now);
                CertificateLog.ListsRead(logger, string.Join("', '", files), Lists.ByAuthority.Count);
            }

            _fault = "";
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or FormatException)
        {
            if (error.Message != _fault)
            {
                _fault = error.Message;
                CertificateLog.ListsRefused(logger, error.Message);
            }
        }

        _faults = [.. FaultsAt(now)];
    }

    private static string Digest(byte[] content) => Convert.ToHexString(SHA256.HashData(content));

    private IEnumerable<string> FaultsAt(DateTimeOffset now)
    {
        if (_fault.Length > 0)
        {
            yield return $"the revocation lists on disk are refused, those from before count: {_fault}";
        }

        foreach (CertificateRevocationList list in Lists.ByAuthority.Values.Distinct())
        {
            if (list.NextUpdate <= now)
            {
                if (_ended.Add(list))
                {
                    CertificateLog.ListEnded(logger, list);
                }

                yield return $"{list} is out of date: nobody of this authority is let in";
            }
            else if (list.ThisUpdate + ((list.NextUpdate - list.ThisUpdate) * Late) <= now)
            {
                if (_late.Add(list))
                {
                    CertificateLog.ListLate(logger, list);
                }

                yield return $"{list} is about to be out of date";
            }
        }
    }

    private void Take(byte[][] contents, IReadOnlyCollection<Certificate> authorities, DateTimeOffset now)
    {
        List<(string, CertificateRevocationList)> lists = [];
        foreach ((string file, byte[] content) in files.Zip(contents))
        {
            try
            {
                lists.AddRange(CertificateRevocationList.ParseFile(content).Select(list => (file, list)));
            }
            catch (FormatException error)
            {
                throw new FormatException($"'{file}': {error.Message}", error);
            }
        }

        _lists = RevocationLists.Read(lists, authorities, Lists, now);
        _authorities = [.. authorities];
        _digests.Clear();
        _digests.AddRange(contents.Select(Digest));
        _late.IntersectWith(Lists.ByAuthority.Values);
        _ended.IntersectWith(Lists.ByAuthority.Values);
    }
}
