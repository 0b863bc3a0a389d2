using SdsServer.Core.Audit;
using SdsServer.Core.Fleet;
using SdsServer.Core.Rotation;

namespace SdsServer.Testing;

/// <summary>
/// What outlives an <see cref="InMemoryTrustStore"/>: a store made later on the same disk is the restarted server, and a store that is
/// simply forgotten is a killed one. Deterministic: without hooks every call ends before it returns.
/// </summary>
public sealed class SimulatedDisk
{
    /// <summary>
    /// Runs before a write takes effect, with the name of the store's method. It may throw (nothing is written), or take its time.
    /// Writes held back here take effect in the order they are let go.
    /// </summary>
    public Func<string, Task> BeforeCommit { get; set; } = _ => Task.CompletedTask;

    /// <summary>Runs after a write has taken effect. When it throws, the caller cannot know that it has.</summary>
    public Func<string, Task> AfterCommit { get; set; } = _ => Task.CompletedTask;

    /// <summary>Number of writes that took effect.</summary>
    public int Commits { get; private set; }

    internal Lock Gate { get; } = new();

    internal Dictionary<string, SimulatedTrustDomain> TrustDomains { get; } = [];

    /// <summary>The stored state of a trust domain; null if there is none.</summary>
    public TrustState? State(string trustDomain)
    {
        lock (Gate)
        {
            return Open(trustDomain).State;
        }
    }

    /// <summary>All rows of a trust domain's ledger, in the order of insertion.</summary>
    public IReadOnlyList<LedgerRow> Ledger(string trustDomain)
    {
        lock (Gate)
        {
            return [.. Open(trustDomain).Ledger.Values];
        }
    }

    /// <summary>The roster of a trust domain.</summary>
    public IReadOnlyList<RosterEntry> Roster(string trustDomain)
    {
        lock (Gate)
        {
            return [.. Open(trustDomain).Roster.Values];
        }
    }

    /// <summary>Changes a line of a trust domain's log as someone does who writes to the disk without the server.</summary>
    public void AlterLog(string trustDomain, int index, Func<LogLine, LogLine> change)
    {
        lock (Gate)
        {
            List<LogLine> log = Open(trustDomain).Log;
            log[index] = change(log[index]);
        }
    }

    internal SimulatedTrustDomain Open(string trustDomain)
    {
        if (!TrustDomains.TryGetValue(trustDomain, out SimulatedTrustDomain? found))
        {
            TrustDomains.Add(trustDomain, found = new SimulatedTrustDomain());
        }

        return found;
    }

    internal async Task<T> WriteAsync<T>(string method, Func<T> write)
    {
        await BeforeCommit(method);
        T result;
        lock (Gate)
        {
            result = write();
            Commits++;
        }

        await AfterCommit(method);
        return result;
    }
}
