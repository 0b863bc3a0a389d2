using SdsServer.Core.Access;
using SdsServer.Core.Audit;
using SdsServer.Core.Enrolment;
using SdsServer.Core.Fleet;

namespace SdsServer.Core.Rotation;

/// <summary>
/// The durable side of one trust domain. Every method returns only after its effect survives <c>kill -9</c> and power loss;
/// a method that throws may or may not have taken effect unless its exception says so. Safe for concurrent use.
/// Every write to state, log, ledger, roster, keys, tokens and registrations carries the leader term and throws <see cref="StaleTermException"/>, changing nothing,

/// Every write to state, log, ledger, roster, keys, tokens and enrolments carries the leader term and throws <see cref="StaleTermException"/>, changing nothing,
/// unless it is the running one. A medium that fails or is full surfaces as <see cref="IOException"/>; nothing is half-written, and later
/// calls work again once it has recovered. A call cancelled before its turn has no effect; one whose turn has come ends with its outcome.
/// </summary>
public interface ITrustStore : IAsyncDisposable
{
    /// <summary>Begins a new leader term, which ends every earlier one, and returns what is stored at that moment.</summary>
    /// <param name="trustDomain">Name of the trust domain.</param>
    /// <param name="keepLedgerFrom">Rows whose NotAfter is earlier are left out.</param>
    Task<TrustRecord> BeginTermAsync(string trustDomain, DateTimeOffset keepLedgerFrom, CancellationToken cancellation);

    /// <summary>
    /// Replaces the stored state, appends to the log and marks leaves as <see cref="LeafState.Expired"/>, all or nothing.
    /// Throws <see cref="StaleRevisionException"/>, changing nothing, unless the stored revision is <c>next.Revision - 1</c> (0: nothing stored).
    /// </summary>
    Task SaveAsync(TrustState next, IReadOnlyList<Decision> log, IReadOnlyList<string> expired, CancellationToken cancellation);

    /// <summary>Appends to the log alone: what was refused, or changed nothing that <see cref="SaveAsync"/> would have stored.</summary>
    Task AppendLogAsync(string trustDomain, long term, IReadOnlyList<Decision> log, CancellationToken cancellation);

    /// <summary>
    /// Writes rows in one commit. Element i of the result is false, and row i is not written, when the stored
    /// <see cref="TrustState.SignerRevision"/> differs from that of insert i, or no state is stored. Slots are written no lower than those on
    /// the instance's rows. Throws <see cref="InvalidOperationException"/>, writing nothing, if a serial is taken.
    /// </summary>
    Task<IReadOnlyList<bool>> InsertLeavesAsync(string trustDomain, long term, IReadOnlyList<LedgerInsert> inserts, CancellationToken cancellation);

    /// <summary>Records what became of leaves. Unknown serials, and expired leaves, are left as they are. May be called late: a missing record only over-counts.</summary>
    Task SetLeafStatesAsync(string trustDomain, long term, IReadOnlyList<(string Serial, LeafState State)> states, CancellationToken cancellation);

    /// <summary>
    /// Raises the slots on every row, and on the roster entry, of an instance; never lowers them. It finds stored rows only:
    /// let an insert for the same instance that is still under way end first.
    /// </summary>
    Task RaiseSlotsAsync(string trustDomain, long term, string instanceId, int bundleSlots, int leafSlots, CancellationToken cancellation);

    /// <summary>
    /// Deletes the rows a new term would leave out: superseded ones, and those whose NotAfter is before <paramref name="keepFrom"/>.
    /// Returns how many. A long-lived leader calls it now and then; inserts get in between.
    /// </summary>
    Task<int> PruneLedgerAsync(string trustDomain, long term, DateTimeOffset keepFrom, CancellationToken cancellation);

    /// <summary>Adds a roster entry, or replaces the one of the same instance.</summary>
    Task PutRosterAsync(string trustDomain, long term, RosterEntry entry, CancellationToken cancellation);

    /// <summary>Removes a roster entry; nothing happens if there is none.</summary>
    Task RemoveRosterAsync(string trustDomain, long term, string instanceId, CancellationToken cancellation);

    /// <summary>Stores a new authority's private key (PKCS#8), encrypted. Throws <see cref="InvalidOperationException"/> if the id is taken.</summary>
    Task AddKeyAsync(string trustDomain, long term, string authorityId, ReadOnlyMemory<byte> pkcs8, CancellationToken cancellation);

    /// <summary>
    /// The private key (PKCS#8) of an authority; the caller zeroes it. Throws <see cref="KeyNotFoundException"/> if there is none,
    /// <see cref="System.Security.Cryptography.CryptographicException"/> if it cannot be decrypted.
    /// </summary>
    Task<byte[]> ReadKeyAsync(string trustDomain, string authorityId, CancellationToken cancellation);

    /// <summary>Deletes an authority's key; nothing happens if there is none.</summary>
    Task DeleteKeyAsync(string trustDomain, long term, string authorityId, CancellationToken cancellation);

    /// <summary>Stores a new token and appends to the log, both or neither. Throws <see cref="InvalidOperationException"/> if the id is taken.</summary>
    Task AddTokenAsync(string trustDomain, long term, AccessToken token, Decision entry, CancellationToken cancellation);

    /// <summary>All tokens, by id, expired ones included.</summary>
    Task<IReadOnlyList<AccessToken>> ReadTokensAsync(string trustDomain, CancellationToken cancellation);

    /// <summary>Deletes a token and appends to the log, both or neither; false, with nothing appended, if there was none.</summary>
    Task<bool> DeleteTokenAsync(string trustDomain, long term, string id, Decision entry, CancellationToken cancellation);

    /// <summary>Stores a new registration and appends to the log, both or neither. Throws <see cref="InvalidOperationException"/> if the id is taken.</summary>
    Task AddRegistrationAsync(string trustDomain, long term, Registration registration, Decision entry, CancellationToken cancellation);

    /// <summary>
    /// Replaces the registration of the same id and appends to the log, both or neither; false, with nothing changed or appended, unless the
    /// stored one has the revision before <paramref name="next"/>'s.
    /// </summary>
    Task<bool> UpdateRegistrationAsync(string trustDomain, long term, Registration next, Decision entry, CancellationToken cancellation);

    /// <summary>
    /// Deletes a registration and appends to the log, both or neither; false, with nothing changed or appended, if there was none, or it had
    /// another revision than <paramref name="revision"/> (null: any).
    /// </summary>
    Task<bool> DeleteRegistrationAsync(string trustDomain, long term, string id, long? revision, Decision entry, CancellationToken cancellation);

    /// <summary>All registrations, by id.</summary>
    Task<IReadOnlyList<Registration>> ReadRegistrationsAsync(string trustDomain, CancellationToken cancellation);

    /// <summary>
    /// Stores a new enrolment authority with its key (PKCS#8), encrypted, and appends to the log, all or nothing. It signs from then on: the one before
    /// is marked as replaced and its key deleted. Throws <see cref="InvalidOperationException"/> if the id is taken.
    /// </summary>
    Task AddEnrolmentAuthorityAsync(
        string trustDomain, long term, EnrolmentAuthority authority, ReadOnlyMemory<byte> pkcs8, Decision entry, CancellationToken cancellation);

    /// <summary>All of it.</summary>
    Task<EnrolmentRecord> ReadEnrolmentsAsync(string trustDomain, CancellationToken cancellation);

    /// <summary>
    /// Stores a certificate, spends one use of its <see cref="EnrolledCertificate.TokenId"/>, whose last use is the certificate's time then, and appends to the log, all or nothing: of any number of callers
    /// no more succeed than the token has uses. When the token has already brought the same key and identity a certificate, not revoked, at or after
    /// <paramref name="repeatFrom"/>, nothing is written and that one is the answer.
    /// </summary>
    Task<EnrolmentOutcome> EnrolAsync(
        string trustDomain, long term, EnrolledCertificate certificate, DateTimeOffset repeatFrom, Decision entry, CancellationToken cancellation);

    /// <summary>
    /// Stores a certificate that follows the one with the serial <paramref name="renewed"/> of the same enrolment and appends to the log, all or nothing: of any number
    /// of callers no more succeed than leave the enrolment <paramref name="most"/> certificates that have not ended when the next one is issued.
    /// </summary>
    Task<RenewalStatus> RenewEnrolmentAsync(
        string trustDomain, long term, string renewed, EnrolledCertificate certificate, int most, Decision entry, CancellationToken cancellation);

    /// <summary>
    /// Revokes certificates that are not revoked, writes the cutoff and appends to the log, all or nothing. Returns how many; 0, with nothing written,
    /// where there are none and there is no cutoff.
    /// </summary>
    Task<int> RevokeEnrolmentsAsync(string trustDomain, long term, EnrolmentRevocation revocation, Decision entry, CancellationToken cancellation);

    /// <summary>Deletes certificates that ended before a time, and replaced authorities of which no certificate is left. Returns how many certificates.</summary>
    Task<int> PruneEnrolmentsAsync(string trustDomain, long term, DateTimeOffset endedBefore, CancellationToken cancellation);

    /// <summary>Log entries, oldest first, with numbers greater than <paramref name="after"/>, at most <paramref name="limit"/>.</summary>
    Task<IReadOnlyList<LogLine>> ReadLogAsync(string trustDomain, long after, int limit, CancellationToken cancellation);

    /// <summary>
    /// The end of the log as the last append noted it, apart from the lines; number 0 and <see cref="LogChain.Origin"/> for an empty log.
    /// Every append chains its lines to it, so that a log whose end was cut off does not go on as if nothing had been.
    /// </summary>
    Task<LogHead> ReadLogHeadAsync(string trustDomain, CancellationToken cancellation);
}
