using SdsServer.Core.Fleet;
using SdsServer.Core.Rotation;

namespace SdsServer.Testing.Virtual;

/// <summary>
/// What the durable store promises, without a disk and without waiting: compare-and-set, the ledger's signer fence, the fence of terms.
/// A write of an ended term throws <see cref="StaleTermException"/> and changes nothing.
/// </summary>
public sealed class MemoryStore(TrustState first)
{
    private readonly Dictionary<string, LedgerRow> _ledger = [];
    private readonly Dictionary<string, List<string>> _serials = [];
    private readonly Dictionary<string, RosterEntry> _roster = [];

    public TrustState State { get; private set; } = first;

    public long Term { get; private set; }

    public List<Decision> Log { get; } = [];

    public IEnumerable<LedgerRow> Ledger => _ledger.Values;

    public IReadOnlyDictionary<string, RosterEntry> Roster => _roster;

    /// <summary>+1 with every change of the roster.</summary>
    public int RosterRevision { get; private set; }

    public LedgerRow? Row(string serial) => _ledger.GetValueOrDefault(serial);

    public TrustRecord BeginTerm()
    {
        Term++;
        return new TrustRecord(Term, State, [.. _ledger.Values.Where(row => row.State != LeafState.Superseded)], [.. _roster.Values]);
    }

    public void Save(long term, TrustState next, Decision? entry, IReadOnlyList<string> expired)
    {
        Fence(term);
        if (next.Revision != State.Revision + 1)
        {
            throw new StaleRevisionException(next.Revision - 1, State.Revision);
        }

        State = next;
        foreach (string serial in expired)
        {
            SetLeafState(term, serial, LeafState.Expired);
        }

        if (entry is not null)
        {
            Log.Add(entry);
        }
    }

    /// <summary>False, and nothing is written, when the signer is no longer the one that the leaf was asked of.</summary>
    public bool Insert(long term, LedgerInsert insert)
    {
        Fence(term);
        if (insert.SignerRevision != State.SignerRevision)
        {
            return false;
        }

        Put(insert.Row);
        return true;
    }

    /// <summary>Slots are written no lower than those on the instance's rows.</summary>
    public void Put(LedgerRow row)
    {
        List<string> serials = SerialsOf(row.InstanceId);
        int bundles = row.BundleSlots;
        int leaves = row.LeafSlots;
        foreach (string serial in serials)
        {
            bundles = Math.Max(bundles, _ledger[serial].BundleSlots);
            leaves = Math.Max(leaves, _ledger[serial].LeafSlots);
        }

        _ledger.Add(row.Serial, row with { BundleSlots = bundles, LeafSlots = leaves });
        serials.Add(row.Serial);
    }

    public void SetLeafState(long term, string serial, LeafState state)
    {
        Fence(term);
        if (_ledger.TryGetValue(serial, out LedgerRow? row) && row.State != LeafState.Expired)
        {
            _ledger[serial] = row with { State = state };
        }
    }

    public void RaiseSlots(long term, string instanceId, int bundles, int leaves)
    {
        Fence(term);
        foreach (string serial in SerialsOf(instanceId))
        {
            LedgerRow row = _ledger[serial];
            _ledger[serial] = row with { BundleSlots = Math.Max(row.BundleSlots, bundles), LeafSlots = Math.Max(row.LeafSlots, leaves) };
        }

        if (_roster.TryGetValue(instanceId, out RosterEntry? entry))
        {
            _roster[instanceId] = entry with { BundleSlots = Math.Max(entry.BundleSlots, bundles) };
        }
    }

    public void PutRoster(long term, RosterEntry entry)
    {
        Fence(term);
        _roster[entry.InstanceId] = entry;
        RosterRevision++;
    }

    public void RemoveRoster(long term, string instanceId)
    {
        Fence(term);
        _roster.Remove(instanceId);
        RosterRevision++;
    }

    private void Fence(long term)
    {
        if (term != Term)
        {
            throw new StaleTermException(term, Term);
        }
    }

    private List<string> SerialsOf(string instanceId)
    {
        if (!_serials.TryGetValue(instanceId, out List<string>? serials))
        {
            _serials.Add(instanceId, serials = []);
        }

        return serials;
    }
}
