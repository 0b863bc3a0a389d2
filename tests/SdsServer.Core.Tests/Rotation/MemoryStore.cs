using SdsServer.Core.Fleet;
using SdsServer.Core.Rotation;

namespace SdsServer.Core.Tests.Rotation;

/// <summary>What the durable store promises, without a disk: compare-and-set, the ledger's signer guard, the fencing term.</summary>
internal sealed class MemoryStore(TrustState first)
{
    private readonly Dictionary<string, LedgerRow> _ledger = [];
    private readonly Dictionary<string, RosterEntry> _roster = [];

    public TrustState State { get; private set; } = first;

    public long Term { get; private set; }

    public List<Decision> Log { get; } = [];

    public IEnumerable<LedgerRow> Ledger => _ledger.Values;

    public IReadOnlyDictionary<string, RosterEntry> Roster => _roster;

    public TrustRecord BeginTerm()
    {
        Term++;
        return new TrustRecord(Term, State, [.. _ledger.Values.Where(row => row.State != LeafState.Superseded)], [.. _roster.Values]);
    }

    public void Save(TrustState next, Decision? entry)
    {
        Assert.Equal(State.Revision + 1, next.Revision);
        State = next;
        if (entry is not null)
        {
            Log.Add(entry);
        }
    }

    public bool Insert(LedgerInsert insert)
    {
        if (insert.SignerRevision != State.SignerRevision)
        {
            return false;
        }

        _ledger.Add(insert.Row.Serial, insert.Row);
        return true;
    }

    public void Put(LedgerRow row) => _ledger[row.Serial] = row;

    public void SetLeafState(string serial, LeafState state)
    {
        if (_ledger.TryGetValue(serial, out LedgerRow? row))
        {
            _ledger[serial] = row with { State = state };
        }
    }

    public void RaiseSlots(string instanceId, int bundles, int leaves)
    {
        foreach (LedgerRow row in _ledger.Values.Where(row => row.InstanceId == instanceId).ToList())
        {
            _ledger[row.Serial] = row with { BundleSlots = Math.Max(row.BundleSlots, bundles), LeafSlots = Math.Max(row.LeafSlots, leaves) };
        }

        if (_roster.TryGetValue(instanceId, out RosterEntry? entry))
        {
            _roster[instanceId] = entry with { BundleSlots = Math.Max(entry.BundleSlots, bundles) };
        }
    }

    public void PutRoster(RosterEntry entry) => _roster[entry.InstanceId] = entry;

    public void RemoveRoster(string instanceId) => _roster.Remove(instanceId);
}
