using SdsServer.Core.Access;
using SdsServer.Core.Audit;
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

    private List<string> SerialsOf(string instanceId)
    {
        if (!_serialsByInstance.TryGetValue(instanceId, out List<string>? serials))
        {
            _serialsByInstance.Add(instanceId, serials = []);
        }

        return serials;
    }
}
