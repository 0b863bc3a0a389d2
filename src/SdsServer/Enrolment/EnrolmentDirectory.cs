using System.Collections.Concurrent;
using SdsServer.Core.Enrolment;
using SdsServer.Core.Pki;
using SdsServer.Core.Rotation;

namespace SdsServer.Enrolment;

/// <summary>
/// The certificates of enrolled clients, in memory: a certificate counts when these very bytes are stored and not revoked. Who has stolen the enrolment
/// authority's key can sign what looks the same, and is not here. Safe for concurrent use.
/// </summary>
/// <param name="withdraw">Ends what leaves of an identity have let in, once it has a cutoff.</param>
internal sealed class EnrolmentDirectory(ITrustStore store, string trustDomain, Action<string> withdraw) : IDisposable
{
    private readonly SemaphoreSlim _reading = new(1);
    private readonly Lock _lock = new();
    private readonly ConcurrentDictionary<string, EnrolledClient> _clients = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, Certificate> _authorities = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, DateTimeOffset> _cutoffs = new(StringComparer.Ordinal);

    /// <summary>+1 with every reading. Note it before a certificate is stored, for <see cref="AddAsync"/>.</summary>
    public long Readings { get; private set; }

    /// <summary>Reads all from the store; what was revoked meanwhile ends.</summary>
    public async Task ReloadAsync(CancellationToken cancellation)
    {
        await _reading.WaitAsync(cancellation);
        try
        {
            List<string> known;
            lock (_lock)
            {
                // Before the store is read: one that is added meanwhile must not be taken for one that is gone.
                Readings++;
                known = [.. _clients.Keys];
            }

            EnrolmentRecord record = await store.ReadEnrolmentsAsync(trustDomain, cancellation);
            foreach (EnrolmentAuthority authority in record.Authorities)
            {
                _authorities.TryAdd(authority.Id, Certificate.Parse(authority.Certificate.AsSpan()));
            }

            foreach (IdentityCutoff cutoff in record.Cutoffs)
            {
                if (!_cutoffs.TryGetValue(cutoff.SpiffeId, out DateTimeOffset before) || before < cutoff.NotBefore)
                {
                    _cutoffs[cutoff.SpiffeId] = cutoff.NotBefore;
                    withdraw(cutoff.SpiffeId);
                }
            }

            HashSet<string> counting = [.. record.Certificates.Where(certificate => certificate.RevokedAt is null).Select(certificate => certificate.Serial)];
            foreach (EnrolledCertificate certificate in record.Certificates.Where(certificate => counting.Contains(certificate.Serial) && !_clients.ContainsKey(certificate.Serial)))
            {
                Add(certificate);
            }

            foreach (string gone in known.Where(serial => !counting.Contains(serial)))
            {
                if (_clients.TryRemove(gone, out EnrolledClient? client))
                {
                    client.Dispose();
                }
            }
        }
        finally
        {
            _reading.Release();
        }
    }

    /// <summary>A certificate was stored, and counts when this returns unless it was revoked meanwhile.</summary>
    /// <param name="readings"><see cref="Readings"/> before it was stored.</param>
    public async Task AddAsync(EnrolledCertificate stored, long readings)
    {
        bool isLate;
        lock (_lock)
        {
            isLate = Readings != readings;
            if (!isLate)
            {
                Add(stored);
            }
        }

        // Somebody has read since, perhaps because he revoked it: only the store knows.
        if (isLate)
        {
            await ReloadAsync(CancellationToken.None);
        }
    }

    private void Add(EnrolledCertificate stored)
    {
        EnrolledClient client = new(stored);
        if (!_clients.TryAdd(stored.Serial, client))
        {
            client.Dispose();
        }
    }

    /// <summary>The client that this certificate is of; null for one that this server did not give, or has revoked. Its dates are not looked at.</summary>
    public EnrolledClient? Find(Certificate certificate) =>
        _clients.TryGetValue(certificate.Serial, out EnrolledClient? client)
        && client.Certificate.Equals(certificate)
        && _authorities.TryGetValue(client.Stored.AuthorityId, out Certificate? authority)
        && certificate.IsSignedBy(authority)
            ? client
            : null;

    /// <summary>It names an enrolment authority of this server as its issuer, so that nobody else needs to be asked about it.</summary>
    public bool IsMeant(Certificate certificate) => _authorities.Values.Any(certificate.IsSignedBy);

    /// <summary>A leaf of this identity that began then is no evidence any more.</summary>
    public bool IsCutOff(SpiffeId id, DateTimeOffset notBefore) => _cutoffs.TryGetValue(id.ToString(), out DateTimeOffset cutoff) && notBefore <= cutoff;

    public void Dispose()
    {
        _reading.Dispose();
        foreach (EnrolledClient client in _clients.Values)
        {
            client.Dispose();
        }
    }
}
