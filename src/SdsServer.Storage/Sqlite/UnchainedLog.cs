using Dapper;
using Microsoft.Data.Sqlite;
using SdsServer.Core.Audit;
using SdsServer.Storage.Sqlite.Tables;

namespace SdsServer.Storage.Sqlite;

/// <summary>The log of a database from before its lines had hashes.</summary>
internal static class UnchainedLog
{
    private const int Page = 1000;

    /// <summary>Moves the lines to their new table with the hashes they get, and drops the old one. Returns how many there were.</summary>
    public static long Chain(SqliteConnection connection)
    {
        long moved = 0;
        long after = 0;
        Dictionary<long, string> names = connection.Query<(long, string)>("SELECT id, name FROM trust_domains").ToDictionary(it => it.Item1, it => it.Item2);
        Dictionary<long, LogHead> heads = names.ToDictionary(it => it.Key, it => new LogHead(0, LogChain.Origin(it.Value)));
        List<(long TrustDomain, LogLine Line)> lines;
        do
        {
            // Numbers are unique in the file: in their order the lines of every trust domain come in theirs.
            lines = Decisions.ReadUnchained(connection, after, Page);
            foreach ((long trustDomain, LogLine line) in lines)
            {
                LogLine chained = line with { Hash = LogChain.Hash(heads[trustDomain].Hash, names[trustDomain], line) };
                Decisions.Insert(connection, trustDomain, chained);
                heads[trustDomain] = new LogHead(chained.Number, chained.Hash);
                after = line.Number;
                moved++;
            }
        }
        while (lines.Count == Page);
        foreach ((long trustDomain, LogHead head) in heads.Where(it => it.Value.Number > 0))
        {
            LogHeads.Put(connection, trustDomain, head);
        }

        connection.Execute("DROP TABLE unchained_decisions");
        return moved;
    }
}
