using SdsServer.Core.Rotation;

namespace SdsServer.Core.Audit;

/// <summary>Reads a stored log through, a page at a time, and changes nothing. Lines that come in meanwhile are left out.</summary>
public static class LogVerification
{
    private const int Page = 1000;

    /// <summary>The whole log.</summary>
    /// <param name="expected">A head that was noted earlier; null for none.</param>
    public static Task<LogReport> RunAsync(ITrustStore store, string trustDomain, LogHead? expected, CancellationToken cancellation) =>
        FromAsync(store, trustDomain, new LogHead(0, LogChain.Origin(trustDomain)), expected, cancellation);

    /// <summary>The last lines only, at most <paramref name="lines"/>: what came before them is taken as it is.</summary>
    public static async Task<LogReport> TailAsync(ITrustStore store, string trustDomain, int lines, CancellationToken cancellation)
    {
        LogHead head = await store.ReadLogHeadAsync(trustDomain, cancellation);
        long before = head.Number - lines;
        IReadOnlyList<LogLine> first = before > 0 ? await store.ReadLogAsync(trustDomain, before - 1, 1, cancellation) : [];
        LogHead from = first.Count > 0 ? new LogHead(first[0].Number, first[0].Hash) : new LogHead(0, LogChain.Origin(trustDomain));
        return await FromAsync(store, trustDomain, from, null, cancellation);
    }

    private static async Task<LogReport> FromAsync(ITrustStore store, string trustDomain, LogHead from, LogHead? expected, CancellationToken cancellation)
    {
        LogHead noted = await store.ReadLogHeadAsync(trustDomain, cancellation);
        ChainCheck check = new(trustDomain, from, expected);
        long after = from.Number;
        IReadOnlyList<LogLine> lines;
        do
        {
            lines = await store.ReadLogAsync(trustDomain, after, Page, cancellation);
            foreach (LogLine line in lines.TakeWhile(line => line.Number <= noted.Number))
            {
                after = line.Number;
                if (!check.Next(line))
                {
                    return Report(check);
                }
            }
        }
        while (lines.Count == Page && lines[^1].Number <= noted.Number);

        check.End(noted);
        return Report(check) is { Break: null } report && await ForeignAsync(store, trustDomain, check.Head, cancellation) is { } foreign
            ? report with { Break = foreign }
            : Report(check);
    }

    // A line after the end is one that has just come in, or one that the store knows nothing of.
    private static async Task<LogBreak?> ForeignAsync(ITrustStore store, string trustDomain, LogHead end, CancellationToken cancellation)
    {
        IReadOnlyList<LogLine> next = await store.ReadLogAsync(trustDomain, end.Number, 1, cancellation);
        LogHead noted = await store.ReadLogHeadAsync(trustDomain, cancellation);
        return next.Count > 0 && next[0].Number > noted.Number ? new LogBreak(next[0].Number, LogFault.Foreign, end) : null;
    }

    private static LogReport Report(ChainCheck check) => new(check.Head, check.Lines, check.Break);
}
