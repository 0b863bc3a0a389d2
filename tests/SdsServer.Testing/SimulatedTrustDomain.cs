using SdsServer.Core.Access;
using SdsServer.Core.Audit;
using SdsServer.Core.Enrolment;
using SdsServer.Core.Fleet;
using SdsServer.Core.Rotation;

namespace SdsServer.Testing;

/// <summary>One trust domain on a <see cref="SimulatedDisk"/>.</summary>
internal sealed class SimulatedTrustDomain
{
    private Dictionary<string, List<string>> _serialsByInstance = [];

    public long Term { get; set; }

    public TrustState? State { get; set; }

    /// <summary>By serial, in the order of insertion.</summary>
    public OrderedDictionary<string, LedgerRow> Ledger { get; private set; } = [];

    public SortedDictionary<string, RosterEntry> Roster { get; } = new(StringComparer.Ordinal);

    public Dictionary<string, byte[]> Keys { get; } = [];

    public SortedDictionary<string, AccessToken> Tokens { get; } = new(StringComparer.Ordinal);

    public SortedDictionary<string, Registration> Registrations { get; } = new(StringComparer.Ordinal);

    public List<EnrolmentAuthority> EnrolmentAuthorities { get; private set; } = [];

    public SortedDictionary<string, EnrolledCertificate> Enrolled { get; } = new(StringComparer.Ordinal);

    public SortedDictionary<string, IdentityCutoff> Cutoffs { get; } = new(StringComparer.Ordinal);

    public List<LogLine> Log { get; } = [];

    /// <summary>This trust domain, if the term is the running one.</summary>
    public SimulatedTrustDomain Fenced(long term) => term == Term && term > 0 ? this : throw new StaleTermException(term, Term);

    /// <summary>The end of the log of the trust domain of that name, which is this one.</summary>
    public LogHead HeadOf(string name) => Log is [.., var last] ? new LogHead(last.Number, last.Hash) : new LogHead(0, LogChain.Origin(name));

    public void Append(string name, IEnumerable<Decision> entries)
    {
        foreach (Decision entry in entries)
        {
            LogHead head = HeadOf(name);
            Log.Add(LogLine.After(head.Hash, name, head.Number + 1, entry));
        }
    }

    public void Add(LedgerRow row)
    {
        List<string> serials = SerialsOf(row.InstanceId);
        Ledger.Add(row.Serial, row with
        {
            BundleSlots = serials.Aggregate(row.BundleSlots, (most, serial) => Math.Max(most, Ledger[serial].BundleSlots)),
            LeafSlots = serials.Aggregate(row.LeafSlots, (most, serial) => Math.Max(most, Ledger[serial].LeafSlots)),
        });
        serials.Add(row.Serial);
    }

    public void RaiseSlots(string instanceId, int bundleSlots, int leafSlots)
    {
        foreach (string serial in SerialsOf(instanceId))
        {
            LedgerRow row = Ledger[serial];
            Ledger[serial] = row with
            {
                BundleSlots = Math.Max(row.BundleSlots, bundleSlots),
                LeafSlots = Math.Max(row.LeafSlots, leafSlots),
            };
        }

        if (Roster.TryGetValue(instanceId, out RosterEntry? entry))
        {
            Roster[instanceId] = entry with { BundleSlots = Math.Max(entry.BundleSlots, bundleSlots) };
        }
    }

    public int Prune(Func<LedgerRow, bool> isSpent)
    {
        int before = Ledger.Count;
        Ledger = new OrderedDictionary<string, LedgerRow>(Ledger.Where(it => !isSpent(it.Value)));
        _serialsByInstance = Ledger.Values.GroupBy(row => row.InstanceId, row => row.Serial).ToDictionary(it => it.Key, it => it.ToList());
        return before - Ledger.Count;
    }

    public EnrolmentRecord Enrolments() => new([.. EnrolmentAuthorities], [.. Enrolled.Values], [.. Cutoffs.Values]);

    public void ReplaceEnrolmentAuthority(EnrolmentAuthority authority, byte[] key)
    {
        foreach (EnrolmentAuthority before in EnrolmentAuthorities)
        {
            Keys.Remove(before.Id);
        }

        EnrolmentAuthorities = [.. EnrolmentAuthorities.Select(before => before with { ReplacedAt = before.ReplacedAt ?? authority.CreatedAt }), authority];
        Keys.Add(authority.Id, key);
    }

    public EnrolmentOutcome Enrol(EnrolledCertificate certificate, DateTimeOffset repeatFrom)
    {
        if (!Tokens.TryGetValue(certificate.TokenId, out AccessToken? token) || token.Join is not { } join)
        {
            return new EnrolmentOutcome(EnrolmentStatus.TokenGone, null);
        }

        EnrolledCertificate? repeated = Enrolled.Values
            .Where(known => known.TokenId == certificate.TokenId && known.KeyHash.SequenceEqual(certificate.KeyHash) && known.SpiffeId == certificate.SpiffeId
                && known.Serial == known.EnrolmentId && known.RevokedAt is null && known.IssuedAt >= repeatFrom)
            .MaxBy(known => known.IssuedAt);
        if (repeated is not null)
        {
            return new EnrolmentOutcome(EnrolmentStatus.Repeated, repeated);
        }

        if (join.IsSpent)
        {
            return new EnrolmentOutcome(EnrolmentStatus.TokenSpent, null);
        }

        AddEnrolled(certificate);
        Tokens[token.Id] = token with { Join = join with { Used = join.Used + 1 }, LastUsedAt = certificate.IssuedAt };
        return new EnrolmentOutcome(EnrolmentStatus.Enrolled, certificate);
    }

    public RenewalStatus Renew(string renewed, EnrolledCertificate certificate, int most)
    {
        if (!Enrolled.TryGetValue(renewed, out EnrolledCertificate? known) || known.RevokedAt is not null || known.EnrolmentId != certificate.EnrolmentId)
        {
            return RenewalStatus.NotEnrolled;
        }

        if (Enrolled.Values.Count(other => other.EnrolmentId == certificate.EnrolmentId && other.RevokedAt is null && other.NotAfter > certificate.IssuedAt) >= most)
        {
            return RenewalStatus.TooMany;
        }

        AddEnrolled(certificate);
        return RenewalStatus.Renewed;
    }

    private void AddEnrolled(EnrolledCertificate certificate)
    {
        if (!Enrolled.TryAdd(certificate.Serial, certificate))
        {
            throw new InvalidOperationException($"there already is an enrolled certificate with serial number {certificate.Serial}");
        }
    }

    public int Revoke(EnrolmentRevocation revocation)
    {
        string? enrolment = Enrolled.GetValueOrDefault(revocation.Serial)?.EnrolmentId;
        EnrolledCertificate[] meant = [.. Enrolled.Values.Where(known => known.RevokedAt is null && (known.SpiffeId == revocation.SpiffeId || known.EnrolmentId == enrolment))];
        foreach (EnrolledCertificate certificate in meant)
        {
            Enrolled[certificate.Serial] = certificate with { RevokedAt = revocation.At };
        }

        if (revocation.Cutoff is { } cutoff && !(Cutoffs.GetValueOrDefault(cutoff.SpiffeId)?.NotBefore > cutoff.NotBefore))
        {
            Cutoffs[cutoff.SpiffeId] = cutoff;
        }

        return meant.Length;
    }

    public int PruneEnrolments(DateTimeOffset endedBefore)
    {
        string[] ended = [.. Enrolled.Values.Where(known => known.NotAfter < endedBefore).Select(known => known.Serial)];
        foreach (string serial in ended)
        {
            Enrolled.Remove(serial);
        }

        EnrolmentAuthorities.RemoveAll(authority => authority.ReplacedAt is not null && Enrolled.Values.All(known => known.AuthorityId != authority.Id));
        return ended.Length;
    }

    private List<string> SerialsOf(string instanceId)
    {
        if (!_serialsByInstance.TryGetValue(instanceId, out List<string>? serials))
        {
            _serialsByInstance.Add(instanceId, serials = []);
        }

        return serials;
    }
}
