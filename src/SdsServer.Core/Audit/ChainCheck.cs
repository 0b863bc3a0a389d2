namespace SdsServer.Core.Audit;

/// <summary>Follows a log line by line and stops at the first that is not what was written.</summary>
/// <param name="trustDomain">Whose log it is.</param>
/// <param name="from">What the first line follows: <see cref="LogChain.Origin"/> with number 0, or a line in the middle.</param>
/// <param name="expected">A head that was noted earlier; null for none.</param>
public sealed class ChainCheck(string trustDomain, LogHead from, LogHead? expected = null)
{
    private bool _met;

    /// <summary>The last line that fits.</summary>
    public LogHead Head { get; private set; } = from;

    /// <summary>Lines that fit.</summary>
    public long Lines { get; private set; }

    /// <summary>The first place that is wrong; null as long as all fit.</summary>
    public LogBreak? Break { get; private set; }

    /// <summary>Takes the next line; false when it, or one before it, does not fit.</summary>
    public bool Next(LogLine line)
    {
        if (Break is not null)
        {
            return false;
        }

        Meet();
        if (Break is not null)
        {
            return false;
        }

        if (line.Number <= Head.Number || line.Hash != LogChain.Hash(Head.Hash, trustDomain, line))
        {
            Break = new LogBreak(line.Number, line.Number > Head.Number + 1 ? LogFault.Missing : LogFault.Altered, Head);
            return false;
        }

        Head = new LogHead(line.Number, line.Hash);
        Lines++;
        return true;
    }

    /// <summary>Says that no more lines come.</summary>
    /// <param name="noted">The last line the store says it has written; null where nobody can say.</param>
    public void End(LogHead? noted = null)
    {
        Meet();
        if (noted is not null && noted.Number > Head.Number)
        {
            Break ??= new LogBreak(noted.Number, LogFault.Cut, Head);
        }
        else if (noted is not null && noted.Number == Head.Number && noted.Hash != Head.Hash)
        {
            Break ??= new LogBreak(noted.Number, LogFault.Unexpected, Head);
        }

        if (expected is not null && !_met)
        {
            Break ??= expected.Number > Head.Number ? new LogBreak(expected.Number, LogFault.Cut, Head) : new LogBreak(expected.Number, LogFault.Unexpected, Head);
        }
    }

    private void Meet()
    {
        if (expected is null || expected.Number != Head.Number)
        {
            return;
        }

        _met = true;
        if (expected.Hash != Head.Hash)
        {
            Break ??= new LogBreak(expected.Number, LogFault.Unexpected, Head);
        }
    }
}
