using System.Collections.Immutable;
using SdsServer.Core.Pki;

namespace SdsServer.Identity.X509;

/// <summary>
/// Authorities of clients from a file, with the revocation lists that go with them. What a certificate has let in ends when it is revoked, when its
/// authority leaves the file, and when the list that vouches for it is out of date.
/// </summary>
internal sealed class ClientAuthorities
{
    /// <summary>How often the files are read.</summary>
    public static readonly TimeSpan Every = TimeSpan.FromSeconds(10);

    private readonly Lock _lock = new();
    private readonly Dictionary<string, (IReadOnlyList<Certificate> Path, CancellationTokenSource Withdrawn)> _entered = [];
    private readonly string _file;
    private readonly AuthorityFile _authorities;
    private readonly RevocationFiles? _revoked;
    private readonly TimeProvider _time;

    // By what those who are in were judged last, and until when that stands.
    private IReadOnlySet<Certificate>? _judgedUnder;
    private RevocationLists? _judgedBy;
    private DateTimeOffset _judgedUntil;
    private bool _judgeAgain;

    /// <param name="file">PEM of the authorities.</param>
    /// <param name="lists">Files with their revocation lists; none: nothing is ever revoked.</param>
    /// <param name="setting">Of the list that has <c>CaFile</c> or <c>ClientCaFile</c> in it, for errors.</param>
    /// <exception cref="InvalidDataException">A file cannot be read, holds something else, or the lists are not those that these authorities need.</exception>
    public ClientAuthorities(string file, ImmutableArray<string> lists, string setting, TimeProvider time, ILogger logger)
    {
        (_file, _time) = (file, time);
        _authorities = new AuthorityFile(file, setting, logger);
        if (lists.IsEmpty)
        {
            return;
        }

        _revoked = new RevocationFiles(lists, logger);
        try
        {
            _revoked.Start(_authorities.Trusted, time.GetUtcNow());
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or FormatException)
        {
            throw new InvalidDataException($"{setting}: the revocation lists for '{file}' cannot be used: {error.Message}", error);
        }
    }

    /// <summary>Authorities that count now.</summary>
    public IReadOnlySet<Certificate> Trusted => _authorities.Trusted;

    /// <summary>What is wrong with the files now, for operators; empty when nothing.</summary>
    public IEnumerable<string> Faults =>
        [.. _authorities.Fault is { Length: > 0 } fault ? [$"the authorities in '{_file}' are refused, those from before count: {fault}"] : Array.Empty<string>(), .. _revoked?.Faults ?? []];

    /// <summary>Lets the bearer of the first certificate in.</summary>
    /// <param name="path">As verified, to an authority of this file.</param>
    /// <returns>Fires when it is to be thrown out; it has fired where the authority has just left the file.</returns>
    /// <exception cref="CertificateRefusedException">A certificate of the path is revoked, or there is no list to tell by.</exception>
    public CancellationToken Enter(IReadOnlyList<Certificate> path)
    {
        while (true)
        {
            // Signatures are verified, which is nothing for a lock that every handshake takes.
            RevocationLists? lists = _revoked?.Lists;
            CertificateRefusedException? refused = lists?.Refuse(path, _time.GetUtcNow());
            lock (_lock)
            {
                if (!_authorities.Trusted.Contains(path[^1]))
                {
                    return new CancellationToken(canceled: true);
                }

                if (lists == _revoked?.Lists)
                {
                    return refused is null ? Entered(path) : throw refused;
                }
            }
        }
    }

    /// <summary>Reads the files again where they have changed, and throws out whom they do not let in any more.</summary>
    public void Refresh()
    {
        DateTimeOffset now = _time.GetUtcNow();
        _authorities.Refresh();
        _revoked?.Refresh(_authorities.Trusted, now);
        IReadOnlySet<Certificate> trusted = _authorities.Trusted;
        RevocationLists? lists = _revoked?.Lists;
        bool same = trusted == _judgedUnder && lists == _judgedBy && now < _judgedUntil;
        bool stands = same && !_judgeAgain;

        // Who was judged just before a list ended may have come in just after everybody was looked at.
        _judgeAgain = !same;
        (_judgedUnder, _judgedBy, _judgedUntil) = (trusted, lists, lists?.NextEnd(now) ?? DateTimeOffset.MaxValue);
        KeyValuePair<string, (IReadOnlyList<Certificate> Path, CancellationTokenSource Withdrawn)>[] entered;
        lock (_lock)
        {
            // Who enters from now on is judged by what is read now.
            entered = [.. _entered];
        }

        foreach ((string key, (IReadOnlyList<Certificate> path, CancellationTokenSource withdrawn)) in entered)
        {
            bool isOut = !stands && (!trusted.Contains(path[^1]) || lists?.Refuse(path, now) is not null);
            if (isOut || path[0].NotAfter <= now)
            {
                lock (_lock)
                {
                    _entered.Remove(key);
                }
            }

            if (isOut)
            {
                _ = withdrawn.CancelAsync();
            }
        }
    }

    // To be called with the lock held.
    private CancellationToken Entered(IReadOnlyList<Certificate> path)
    {
        string key = string.Join(' ', path.Select(certificate => certificate.Fingerprint));
        if (!_entered.TryGetValue(key, out (IReadOnlyList<Certificate>, CancellationTokenSource Withdrawn) entered))
        {
            _entered.Add(key, entered = (path, new CancellationTokenSource()));
        }

        return entered.Withdrawn.Token;
    }
}
