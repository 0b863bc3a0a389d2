using SdsServer.Core.Access;
using SdsServer.Core.Audit;
using SdsServer.Core.Enrolment;
using SdsServer.Core.Fleet;
using SdsServer.Core.Rotation;

namespace SdsServer.Testing;

/// <summary>An <see cref="ITrustStore"/> on a <see cref="SimulatedDisk"/>; it passes the same contract tests as the real ones.</summary>
public sealed class InMemoryTrustStore(SimulatedDisk disk) : ITrustStore
{
    private volatile bool _disposed;

    public Task<TrustRecord> BeginTermAsync(string trustDomain, DateTimeOffset keepLedgerFrom, CancellationToken cancellation) =>
        WriteAsync(nameof(BeginTermAsync), () =>
        {
            SimulatedTrustDomain domain = disk.Open(trustDomain);
            domain.Term++;
            return new TrustRecord(
                domain.Term, domain.State, [.. domain.Ledger.Values.Where(row => !IsSpent(row, keepLedgerFrom))], [.. domain.Roster.Values]);
        }, cancellation);

    public Task SaveAsync(TrustState next, IReadOnlyList<Decision> log, IReadOnlyList<string> expired, CancellationToken cancellation) =>
        WriteAsync(nameof(SaveAsync), () =>
        {
            SimulatedTrustDomain domain = disk.Open(next.TrustDomain).Fenced(next.Term);
            long found = domain.State?.Revision ?? 0;
            if (found != next.Revision - 1)
            {
                throw new StaleRevisionException(next.Revision - 1, found);
            }

            domain.State = next;
            domain.Append(next.TrustDomain, log);
            SetStates(domain, expired.Select(serial => (serial, LeafState.Expired)));
            return true;
        }, cancellation);

    public Task AppendLogAsync(string trustDomain, long term, IReadOnlyList<Decision> log, CancellationToken cancellation) =>
        WriteAsync(nameof(AppendLogAsync), () =>
        {
            disk.Open(trustDomain).Fenced(term).Append(trustDomain, log);
            return true;
        }, cancellation);

    public Task<IReadOnlyList<bool>> InsertLeavesAsync(
        string trustDomain, long term, IReadOnlyList<LedgerInsert> inserts, CancellationToken cancellation) =>
        WriteAsync<IReadOnlyList<bool>>(nameof(InsertLeavesAsync), () =>
        {
            SimulatedTrustDomain domain = disk.Open(trustDomain).Fenced(term);
            bool[] accepted = [.. inserts.Select(it => it.SignerRevision == domain.State?.SignerRevision)];
            LedgerRow[] rows = [.. inserts.Where((_, i) => accepted[i]).Select(it => it.Row)];
            if (rows.Any(row => domain.Ledger.ContainsKey(row.Serial)) || rows.DistinctBy(row => row.Serial).Count() < rows.Length)
            {
                throw new InvalidOperationException("the ledger already has a leaf with one of these serial numbers: nothing was written");
            }

            foreach (LedgerRow row in rows)
            {
                domain.Add(row);
            }

            return accepted;
        }, cancellation);

    public Task SetLeafStatesAsync(
        string trustDomain, long term, IReadOnlyList<(string Serial, LeafState State)> states, CancellationToken cancellation) =>
        WriteAsync(nameof(SetLeafStatesAsync), () =>
        {
            SimulatedTrustDomain domain = disk.Open(trustDomain).Fenced(term);
            SetStates(domain, states);
            return true;
        }, cancellation);

    public Task RaiseSlotsAsync(
        string trustDomain, long term, string instanceId, int bundleSlots, int leafSlots, CancellationToken cancellation) =>
        WriteAsync(nameof(RaiseSlotsAsync), () =>
        {
            disk.Open(trustDomain).Fenced(term).RaiseSlots(instanceId, bundleSlots, leafSlots);
            return true;
        }, cancellation);

    public Task<int> PruneLedgerAsync(string trustDomain, long term, DateTimeOffset keepFrom, CancellationToken cancellation) =>
        WriteAsync(
            nameof(PruneLedgerAsync), () => disk.Open(trustDomain).Fenced(term).Prune(row => IsSpent(row, keepFrom)), cancellation);

    public Task PutRosterAsync(string trustDomain, long term, RosterEntry entry, CancellationToken cancellation) =>
        WriteAsync(nameof(PutRosterAsync), () => disk.Open(trustDomain).Fenced(term).Roster[entry.InstanceId] = entry, cancellation);

    public Task RemoveRosterAsync(string trustDomain, long term, string instanceId, CancellationToken cancellation) =>
        WriteAsync(nameof(RemoveRosterAsync), () => disk.Open(trustDomain).Fenced(term).Roster.Remove(instanceId), cancellation);

    public Task AddKeyAsync(
        string trustDomain, long term, string authorityId, ReadOnlyMemory<byte> pkcs8, CancellationToken cancellation)
    {
        byte[] copy = pkcs8.ToArray();
        return WriteAsync(nameof(AddKeyAsync), () =>
            disk.Open(trustDomain).Fenced(term).Keys.TryAdd(authorityId, copy)
                ? true
                : throw new InvalidOperationException($"authority '{authorityId}' already has a key"), cancellation);
    }

    public Task<byte[]> ReadKeyAsync(string trustDomain, string authorityId, CancellationToken cancellation) =>
        ReadAsync(() => disk.Open(trustDomain).Keys.TryGetValue(authorityId, out byte[]? key)
            ? key.ToArray()
            : throw new KeyNotFoundException($"no key of authority '{authorityId}' in trust domain '{trustDomain}'"), cancellation);

    public Task DeleteKeyAsync(string trustDomain, long term, string authorityId, CancellationToken cancellation) =>
        WriteAsync(nameof(DeleteKeyAsync), () => disk.Open(trustDomain).Fenced(term).Keys.Remove(authorityId), cancellation);

    public Task AddTokenAsync(string trustDomain, long term, AccessToken token, Decision entry, CancellationToken cancellation) =>
        WriteAsync(nameof(AddTokenAsync), () =>
        {
            SimulatedTrustDomain domain = disk.Open(trustDomain).Fenced(term);
            if (!domain.Tokens.TryAdd(token.Id, token))
            {
                throw new InvalidOperationException($"there already is a token '{token.Id}'");
            }

            domain.Append(trustDomain, [entry]);
            return true;
        }, cancellation);

    public Task<IReadOnlyList<AccessToken>> ReadTokensAsync(string trustDomain, CancellationToken cancellation) =>
        ReadAsync<IReadOnlyList<AccessToken>>(() => [.. disk.Open(trustDomain).Tokens.Values], cancellation);

    public Task<bool> DeleteTokenAsync(string trustDomain, long term, string id, Decision entry, CancellationToken cancellation) =>
        WriteAsync(nameof(DeleteTokenAsync), () =>
        {
            SimulatedTrustDomain domain = disk.Open(trustDomain).Fenced(term);
            bool deleted = domain.Tokens.Remove(id);
            domain.Append(trustDomain, deleted ? [entry] : []);
            return deleted;
        }, cancellation);

    public Task AddRegistrationAsync(string trustDomain, long term, Registration registration, Decision entry, CancellationToken cancellation) =>
        WriteAsync(nameof(AddRegistrationAsync), () =>
        {
            SimulatedTrustDomain domain = disk.Open(trustDomain).Fenced(term);
            if (!domain.Registrations.TryAdd(registration.Id, registration))
            {
                throw new InvalidOperationException($"there already is a registration '{registration.Id}'");
            }

            domain.Append(trustDomain, [entry]);
            return true;
        }, cancellation);

    public Task<bool> UpdateRegistrationAsync(string trustDomain, long term, Registration next, Decision entry, CancellationToken cancellation) =>
        WriteAsync(nameof(UpdateRegistrationAsync), () =>
        {
            SimulatedTrustDomain domain = disk.Open(trustDomain).Fenced(term);
            if (!domain.Registrations.TryGetValue(next.Id, out Registration? stored) || stored.Revision != next.Revision - 1)
            {
                return false;
            }

            domain.Registrations[next.Id] = next;
            domain.Append(trustDomain, [entry]);
            return true;
        }, cancellation);

    public Task<bool> DeleteRegistrationAsync(string trustDomain, long term, string id, long? revision, Decision entry, CancellationToken cancellation) =>
        WriteAsync(nameof(DeleteRegistrationAsync), () =>
        {
            SimulatedTrustDomain domain = disk.Open(trustDomain).Fenced(term);
            if (!domain.Registrations.TryGetValue(id, out Registration? stored) || (revision ?? stored.Revision) != stored.Revision)
            {
                return false;
            }

            domain.Registrations.Remove(id);
            domain.Append(trustDomain, [entry]);
            return true;
        }, cancellation);

    public Task<IReadOnlyList<Registration>> ReadRegistrationsAsync(string trustDomain, CancellationToken cancellation) =>
        ReadAsync<IReadOnlyList<Registration>>(() => [.. disk.Open(trustDomain).Registrations.Values], cancellation);

    public Task AddEnrolmentAuthorityAsync(
        string trustDomain, long term, EnrolmentAuthority authority, ReadOnlyMemory<byte> pkcs8, Decision entry, CancellationToken cancellation)
    {
        byte[] copy = pkcs8.ToArray();
        return WriteAsync(nameof(AddEnrolmentAuthorityAsync), () =>
        {
            SimulatedTrustDomain domain = disk.Open(trustDomain).Fenced(term);
            if (domain.EnrolmentAuthorities.Exists(known => known.Id == authority.Id))
            {
                throw new InvalidOperationException($"there already is an enrolment authority '{authority.Id}'");
            }

            domain.ReplaceEnrolmentAuthority(authority, copy);
            domain.Append(trustDomain, [entry]);
            return true;
        }, cancellation);
    }

    public Task<EnrolmentRecord> ReadEnrolmentsAsync(string trustDomain, CancellationToken cancellation) =>
        ReadAsync(() => disk.Open(trustDomain).Enrolments(), cancellation);

    public Task<EnrolmentOutcome> EnrolAsync(
        string trustDomain, long term, EnrolledCertificate certificate, DateTimeOffset repeatFrom, Decision entry, CancellationToken cancellation) =>
        WriteAsync(nameof(EnrolAsync), () =>
        {
            SimulatedTrustDomain domain = disk.Open(trustDomain).Fenced(term);
            EnrolmentOutcome outcome = domain.Enrol(certificate, repeatFrom);
            domain.Append(trustDomain, outcome.Status == EnrolmentStatus.Enrolled ? [entry] : []);
            return outcome;
        }, cancellation);

    public Task<RenewalStatus> RenewEnrolmentAsync(
        string trustDomain, long term, string renewed, EnrolledCertificate certificate, int most, Decision entry, CancellationToken cancellation) =>
        WriteAsync(nameof(RenewEnrolmentAsync), () =>
        {
            SimulatedTrustDomain domain = disk.Open(trustDomain).Fenced(term);
            RenewalStatus status = domain.Renew(renewed, certificate, most);
            domain.Append(trustDomain, status == RenewalStatus.Renewed ? [entry] : []);
            return status;
        }, cancellation);

    public Task<int> RevokeEnrolmentsAsync(string trustDomain, long term, EnrolmentRevocation revocation, Decision entry, CancellationToken cancellation) =>
        WriteAsync(nameof(RevokeEnrolmentsAsync), () =>
        {
            SimulatedTrustDomain domain = disk.Open(trustDomain).Fenced(term);
            int revoked = domain.Revoke(revocation);
            domain.Append(trustDomain, revoked > 0 || revocation.Cutoff is not null ? [entry] : []);
            return revoked;
        }, cancellation);

    public Task<int> PruneEnrolmentsAsync(string trustDomain, long term, DateTimeOffset endedBefore, CancellationToken cancellation) =>
        WriteAsync(nameof(PruneEnrolmentsAsync), () => disk.Open(trustDomain).Fenced(term).PruneEnrolments(endedBefore), cancellation);

    public Task<IReadOnlyList<LogLine>> ReadLogAsync(string trustDomain, long after, int limit, CancellationToken cancellation) =>
        ReadAsync<IReadOnlyList<LogLine>>(() => [.. disk.Open(trustDomain).Log.Where(line => line.Number > after).Take(limit)], cancellation);

    public Task<LogHead> ReadLogHeadAsync(string trustDomain, CancellationToken cancellation) =>
        ReadAsync(() => disk.Open(trustDomain).HeadOf(trustDomain), cancellation);

    public ValueTask DisposeAsync()
    {
        _disposed = true;
        return ValueTask.CompletedTask;
    }

    private static void SetStates(SimulatedTrustDomain domain, IEnumerable<(string Serial, LeafState State)> states)
    {
        foreach ((string serial, LeafState state) in states)
        {
            if (domain.Ledger.TryGetValue(serial, out LedgerRow? row) && row.State != LeafState.Expired)
            {
                domain.Ledger[serial] = row with { State = state };
            }
        }
    }

    private static bool IsSpent(LedgerRow row, DateTimeOffset keepFrom) => row.State == LeafState.Superseded || row.NotAfter < keepFrom;

    private async Task<T> WriteAsync<T>(string method, Func<T> write, CancellationToken cancellation)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        cancellation.ThrowIfCancellationRequested();
        return await disk.WriteAsync(method, write);
    }

    private async Task<T> ReadAsync<T>(Func<T> read, CancellationToken cancellation)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        cancellation.ThrowIfCancellationRequested();
        await Task.CompletedTask;
        lock (disk.Gate)
        {
            return read();
        }
    }
}
