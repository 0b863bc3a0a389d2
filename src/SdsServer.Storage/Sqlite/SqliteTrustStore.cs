using System.Security.Cryptography;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;
using SdsServer.Core.Access;
using SdsServer.Core.Audit;
using SdsServer.Core.Enrolment;
using SdsServer.Core.Fleet;
using SdsServer.Core.Rotation;
using SdsServer.Storage.Files;
using SdsServer.Storage.Keys;
using SdsServer.Storage.Sqlite.Tables;
using SQLitePCL;

namespace SdsServer.Storage.Sqlite;

/// <summary>
/// The embedded store: one SQLite file in a directory that one process owns. Every write is a transaction that checks the leader term first.
/// A disk that fails or is full surfaces as <see cref="IOException"/>; later calls work again once it has recovered.
/// </summary>
public sealed class SqliteTrustStore : ITrustStore
{
    private const int PrunedAtOnce = 5_000;

    private readonly DataDirectory _directory;
    private readonly KeyEncryptionKey _key;
    private readonly Lazy<Task> _closed;

    private SqliteTrustStore(DataDirectory directory, KeyEncryptionKey key, SqliteDatabase database)
    {
        _directory = directory;
        _key = key;
        Database = database;
        _closed = new Lazy<Task>(CloseAsync);
    }

    internal SqliteDatabase Database { get; }

    /// <summary>
    /// Opens the store, or makes it in a directory that has none. Throws <see cref="StoreOpenException"/>, leaving what is there as it is,
    /// when the directory is open to others or in use, the database is damaged or of a newer schema, or the key-encryption key is missing or another one.
    /// </summary>
    public static async Task<SqliteTrustStore> OpenAsync(SqliteOptions options, ILogger logger, CancellationToken cancellation)
    {
        Batteries_V2.Init();
        DataDirectory? directory = null;
        KeyEncryptionKey? key = null;
        try
        {
            SqliteDatabase database = await SqliteDatabase.OpenAsync(Open, logger, cancellation);
            return new SqliteTrustStore(directory!, key!, database);
        }
        catch
        {
            key?.Dispose();
            directory?.Dispose();
            throw;
        }

        SqliteConnection Open()
        {
            directory = DataDirectory.Take(options.DataDirectory);
            if (!File.Exists(options.DatabasePath))
            {
                FirstStart.Run(options, logger);
            }

            Rekeying.Settle(options, logger);

            // Where a database is, a missing key is a loss to be repaired: a new one would make a new CA that no proxy trusts.
            key = KeyEncryptionKey.FromFile(options.KeyPath);
            return SqliteFile.Open(options.DatabasePath, key, options.KeyPath, options.CheckAtMost, logger);
        }
    }

    /// <summary>Throws <see cref="StoreOpenException"/>, changing nothing, when this is a store of other trust domains.</summary>
    public async Task RequireTrustDomainAsync(string name, CancellationToken cancellation)
    {
        List<string> known = await Database.ReadAsync(TrustDomains.Names, cancellation);
        if (known.Count > 0 && !known.Contains(name))
        {
            throw new StoreOpenException(
                $"the database '{Database.Path}' belongs to trust domain '{string.Join("', '", known)}', not to '{name}', which would get a new CA that no proxy trusts. "
                + "Correct the name of the trust domain, or choose another data directory.");
        }
    }

    public Task<TrustRecord> BeginTermAsync(string trustDomain, DateTimeOffset keepLedgerFrom, CancellationToken cancellation) =>
        Database.WriteAsync(
            connection =>
            {
                (long id, long term, TrustState? state) = TrustDomains.BeginTerm(connection, trustDomain);
                return new TrustRecord(term, state, Leaves.Load(connection, id, keepLedgerFrom), Roster.Load(connection, id));
            },
            cancellation);

    public Task SaveAsync(TrustState next, IReadOnlyList<Decision> log, IReadOnlyList<string> expired, CancellationToken cancellation) =>
        Database.WriteAsync(
            connection =>
            {
                (long id, long revision, _) = TrustDomains.Fence(connection, next.TrustDomain, next.Term);
                TrustDomains.Save(connection, id, revision, next);
                Leaves.SetStates(connection, id, expired.Select(serial => (serial, LeafState.Expired)));
                Decisions.Append(connection, id, next.TrustDomain, log);
            },
            cancellation);

    public Task AppendLogAsync(string trustDomain, long term, IReadOnlyList<Decision> log, CancellationToken cancellation) =>
        WriteAsync(trustDomain, term, (connection, id) => Decisions.Append(connection, id, trustDomain, log), cancellation);

    public Task<IReadOnlyList<bool>> InsertLeavesAsync(
        string trustDomain, long term, IReadOnlyList<LedgerInsert> inserts, CancellationToken cancellation) =>
        Database.WriteAsync<IReadOnlyList<bool>>(
            connection =>
            {
                (long id, _, long? signerRevision) = TrustDomains.Fence(connection, trustDomain, term);
                Leaves.Insert(connection, id, inserts.Where(it => it.SignerRevision == signerRevision).Select(it => it.Row));
                return [.. inserts.Select(it => it.SignerRevision == signerRevision)];
            },
            cancellation);

    public Task SetLeafStatesAsync(
        string trustDomain, long term, IReadOnlyList<(string Serial, LeafState State)> states, CancellationToken cancellation) =>
        WriteAsync(trustDomain, term, (connection, id) => Leaves.SetStates(connection, id, states), cancellation);

    public Task RaiseSlotsAsync(
        string trustDomain, long term, string instanceId, int bundleSlots, int leafSlots, CancellationToken cancellation) =>
        WriteAsync(
            trustDomain,
            term,
            (connection, id) =>
            {
                Leaves.RaiseSlots(connection, id, instanceId, bundleSlots, leafSlots);
                Roster.RaiseSlots(connection, id, instanceId, bundleSlots);
            },
            cancellation);

    public async Task<int> PruneLedgerAsync(string trustDomain, long term, DateTimeOffset keepFrom, CancellationToken cancellation)
    {
        int total = 0;
        int pruned;
        do
        {
            // Many short transactions: rows that are waiting to be inserted get in between.
            pruned = await Database.WriteAsync(
                connection => Leaves.Prune(connection, TrustDomains.Fence(connection, trustDomain, term).Id, keepFrom, PrunedAtOnce),
                cancellation);
            total += pruned;
        }
        while (pruned > 0);
        return total;
    }

    public Task PutRosterAsync(string trustDomain, long term, RosterEntry entry, CancellationToken cancellation) =>
        WriteAsync(trustDomain, term, (connection, id) => Roster.Put(connection, id, entry), cancellation);

    public Task RemoveRosterAsync(string trustDomain, long term, string instanceId, CancellationToken cancellation) =>
        WriteAsync(trustDomain, term, (connection, id) => Roster.Remove(connection, id, instanceId), cancellation);

    public Task AddKeyAsync(
        string trustDomain, long term, string authorityId, ReadOnlyMemory<byte> pkcs8, CancellationToken cancellation)
    {
        byte[] envelope = KeyEncryption.Encrypt(_key, new KeyBinding(trustDomain, authorityId, KeyBinding.SigningKey), pkcs8.Span);
        return WriteAsync(trustDomain, term, (connection, id) => AuthorityKeys.Add(connection, id, authorityId, envelope), cancellation);
    }

    public async Task<byte[]> ReadKeyAsync(string trustDomain, string authorityId, CancellationToken cancellation)
    {
        byte[] envelope = await Database.ReadAsync(connection => AuthorityKeys.Find(connection, trustDomain, authorityId), cancellation)
            ?? throw new KeyNotFoundException($"no key of authority '{authorityId}' in trust domain '{trustDomain}'");
        return KeyEncryption.Decrypt(_key, new KeyBinding(trustDomain, authorityId, KeyBinding.SigningKey), envelope);
    }

    public Task DeleteKeyAsync(string trustDomain, long term, string authorityId, CancellationToken cancellation) =>
        WriteAsync(trustDomain, term, (connection, id) => AuthorityKeys.Delete(connection, id, authorityId), cancellation);

    public Task AddTokenAsync(string trustDomain, long term, AccessToken token, Decision entry, CancellationToken cancellation) =>
        WriteAsync(
            trustDomain,
            term,
            (connection, id) =>
            {
                Tokens.Add(connection, id, token);
                Decisions.Append(connection, id, trustDomain, [entry]);
            },
            cancellation);

    public async Task<IReadOnlyList<AccessToken>> ReadTokensAsync(string trustDomain, CancellationToken cancellation) =>
        await Database.ReadAsync(connection => Tokens.Load(connection, trustDomain), cancellation);

    public Task<bool> DeleteTokenAsync(string trustDomain, long term, string id, Decision entry, CancellationToken cancellation) =>
        ChangeAsync(trustDomain, term, (connection, domain) => Tokens.Delete(connection, domain, id), entry, cancellation);

    public Task AddRegistrationAsync(string trustDomain, long term, Registration registration, Decision entry, CancellationToken cancellation) =>
        WriteAsync(
            trustDomain,
            term,
            (connection, id) =>
            {
                Registrations.Add(connection, id, registration);
                Decisions.Append(connection, id, trustDomain, [entry]);
            },
            cancellation);

    public Task<bool> UpdateRegistrationAsync(string trustDomain, long term, Registration next, Decision entry, CancellationToken cancellation) =>
        ChangeAsync(trustDomain, term, (connection, id) => Registrations.Update(connection, id, next), entry, cancellation);

    public Task<bool> DeleteRegistrationAsync(string trustDomain, long term, string id, long? revision, Decision entry, CancellationToken cancellation) =>
        ChangeAsync(trustDomain, term, (connection, domain) => Registrations.Delete(connection, domain, id, revision), entry, cancellation);

    public async Task<IReadOnlyList<Registration>> ReadRegistrationsAsync(string trustDomain, CancellationToken cancellation) =>
        await Database.ReadAsync(connection => Registrations.Load(connection, trustDomain), cancellation);
    public Task AddEnrolmentAuthorityAsync(
        string trustDomain, long term, EnrolmentAuthority authority, ReadOnlyMemory<byte> pkcs8, Decision entry, CancellationToken cancellation)
    {
        byte[] envelope = KeyEncryption.Encrypt(_key, new KeyBinding(trustDomain, authority.Id, KeyBinding.SigningKey), pkcs8.Span);
        return WriteAsync(
            trustDomain,
            term,
            (connection, id) =>
            {
                EnrolmentAuthorities.Replace(connection, id, authority);
                AuthorityKeys.Add(connection, id, authority.Id, envelope);
                Decisions.Append(connection, id, trustDomain, [entry]);
            },
            cancellation);
    }

    public Task<EnrolmentRecord> ReadEnrolmentsAsync(string trustDomain, CancellationToken cancellation) => Database.ReadAsync(
        connection => new EnrolmentRecord(
            EnrolmentAuthorities.Load(connection, trustDomain), EnrolledCertificates.Load(connection, trustDomain), IdentityCutoffs.Load(connection, trustDomain)),
        cancellation);

    public Task<EnrolmentOutcome> EnrolAsync(
        string trustDomain, long term, EnrolledCertificate certificate, DateTimeOffset repeatFrom, Decision entry, CancellationToken cancellation) =>
        Database.WriteAsync(
            connection =>
            {
                long id = TrustDomains.Fence(connection, trustDomain, term).Id;
                if (Tokens.Find(connection, id, certificate.TokenId) is not { Join: { } join } token)
                {
                    return new EnrolmentOutcome(EnrolmentStatus.TokenGone, null);
                }

                if (EnrolledCertificates.FindRepeated(connection, id, certificate, repeatFrom) is { } known)
                {
                    return new EnrolmentOutcome(EnrolmentStatus.Repeated, known);
                }

                if (join.IsSpent)
                {
                    return new EnrolmentOutcome(EnrolmentStatus.TokenSpent, null);
                }

                Tokens.Replace(connection, id, token with { Join = join with { Used = join.Used + 1 }, LastUsedAt = certificate.IssuedAt });
                EnrolledCertificates.Insert(connection, id, certificate);
                Decisions.Append(connection, id, trustDomain, [entry]);
                return new EnrolmentOutcome(EnrolmentStatus.Enrolled, certificate);
            },
            cancellation);

    public Task<RenewalStatus> RenewEnrolmentAsync(
        string trustDomain, long term, string renewed, EnrolledCertificate certificate, int most, Decision entry, CancellationToken cancellation) =>
        Database.WriteAsync(
            connection =>
            {
                long id = TrustDomains.Fence(connection, trustDomain, term).Id;
                if (!EnrolledCertificates.Counts(connection, id, renewed, certificate.EnrolmentId))
                {
                    return RenewalStatus.NotEnrolled;
                }

                if (EnrolledCertificates.CountOf(connection, id, certificate.EnrolmentId, certificate.IssuedAt) >= most)
                {
                    return RenewalStatus.TooMany;
                }

                EnrolledCertificates.Insert(connection, id, certificate);
                Decisions.Append(connection, id, trustDomain, [entry]);
                return RenewalStatus.Renewed;
            },
            cancellation);

    public Task<int> RevokeEnrolmentsAsync(string trustDomain, long term, EnrolmentRevocation revocation, Decision entry, CancellationToken cancellation) =>
        Database.WriteAsync(
            connection =>
            {
                long id = TrustDomains.Fence(connection, trustDomain, term).Id;
                int revoked = EnrolledCertificates.Revoke(connection, id, revocation);
                if (revocation.Cutoff is { } cutoff)
                {
                    IdentityCutoffs.Put(connection, id, cutoff);
                }

                Decisions.Append(connection, id, trustDomain, revoked > 0 || revocation.Cutoff is not null ? [entry] : []);
                return revoked;
            },
            cancellation);

    public Task<int> PruneEnrolmentsAsync(string trustDomain, long term, DateTimeOffset endedBefore, CancellationToken cancellation) =>
        Database.WriteAsync(
            connection =>
            {
                long id = TrustDomains.Fence(connection, trustDomain, term).Id;
                int pruned = EnrolledCertificates.Prune(connection, id, endedBefore);
                EnrolmentAuthorities.Prune(connection, id);
                return pruned;
            },
            cancellation);

    public async Task<IReadOnlyList<LogLine>> ReadLogAsync(string trustDomain, long after, int limit, CancellationToken cancellation) =>
        await Database.ReadAsync(connection => Decisions.Read(connection, trustDomain, after, limit), cancellation);

    public Task<LogHead> ReadLogHeadAsync(string trustDomain, CancellationToken cancellation) =>
        Database.ReadAsync(connection => LogHeads.Find(connection, trustDomain) ?? new LogHead(0, LogChain.Origin(trustDomain)), cancellation);

    public ValueTask DisposeAsync() => new(_closed.Value);

    private async Task CloseAsync()
    {
        await Database.DisposeAsync();
        _key.Dispose();
        _directory.Dispose();
    }

    // What changed nothing leaves no line.
    private Task<bool> ChangeAsync(string trustDomain, long term, Func<SqliteConnection, long, bool> change, Decision entry, CancellationToken cancellation) =>
        Database.WriteAsync(
            connection =>
            {
                long domain = TrustDomains.Fence(connection, trustDomain, term).Id;
                bool changed = change(connection, domain);
                Decisions.Append(connection, domain, trustDomain, changed ? [entry] : []);
                return changed;
            },
            cancellation);

    private Task WriteAsync(string trustDomain, long term, Action<SqliteConnection, long> work, CancellationToken cancellation) =>
        Database.WriteAsync(connection => work(connection, TrustDomains.Fence(connection, trustDomain, term).Id), cancellation);
}
