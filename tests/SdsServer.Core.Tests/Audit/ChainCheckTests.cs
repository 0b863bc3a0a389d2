using SdsServer.Core.Audit;
using static SdsServer.Core.Tests.Audit.LogLines;

namespace SdsServer.Core.Tests.Audit;

public sealed class ChainCheckTests
{
    private static LogHead Origin { get; } = new(0, LogChain.Origin(TrustDomain));

    [Fact]
    public void A_log_that_fits_has_its_last_line_as_head()
    {
        List<LogLine> log = Log(5);
        ChainCheck check = Checked(log, expected: Head(log[2]));
        Assert.Equal((Head(log[4]), 5L, null), (check.Head, check.Lines, check.Break));
    }

    [Theory]
    [MemberData(nameof(LogChainTests.Fields), MemberType = typeof(LogChainTests))]
    public void An_altered_field_is_found_in_its_line(string field)
    {
        List<LogLine> log = Log(5);
        log[2] = Changes[field](log[2]);
        ChainCheck check = Checked(log);
        Assert.Equal((log[2].Number, Head(log[1])), (check.Break!.Number, check.Head));
    }

    [Fact]
    public void An_altered_hash_is_found_in_its_line()
    {
        List<LogLine> log = Log(5);
        log[2] = log[2] with { Hash = log[1].Hash };
        Assert.Equal(new LogBreak(3, LogFault.Altered, Head(log[1])), Checked(log).Break);
    }

    [Fact]
    public void Removed_lines_are_named()
    {
        List<LogLine> log = Log(6);
        log.RemoveRange(2, 2);
        LogBreak found = Checked(log).Break!;
        Assert.Equal(new LogBreak(5, LogFault.Missing, Head(log[1])), found);
        Assert.Contains("lines 3 to 4 are missing", found.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_removed_first_line_is_found()
    {
        List<LogLine> log = Log(3)[1..];
        Assert.Contains("line 1 is missing", Checked(log).Break!.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void Lines_that_changed_places_are_found()
    {
        List<LogLine> log = Log(5);
        (log[2], log[3]) = (log[3] with { Number = 3 }, log[2] with { Number = 4 });
        Assert.Equal(new LogBreak(3, LogFault.Altered, Head(log[1])), Checked(log).Break);
    }

    [Fact]
    public void A_line_told_twice_is_found()
    {
        List<LogLine> log = Log(3);
        log.Add(log[^1]);
        Assert.Equal(new LogBreak(3, LogFault.Altered, Head(log[2])), Checked(log).Break);
    }

    [Fact]
    public void A_log_that_was_written_anew_is_found_by_a_noted_head_only()
    {
        LogHead noted = Head(Log(4)[2]);
        List<LogLine> anew = [];
        LogHead head = Origin;
        foreach (LogLine line in Log(5).Select(line => line with { Actor = "mallory" }))
        {
            anew.Add(line with { Hash = LogChain.Hash(head.Hash, TrustDomain, line) });
            head = Head(anew[^1]);
        }

        Assert.Null(Checked(anew).Break);
        Assert.Equal(new LogBreak(3, LogFault.Unexpected, Head(anew[2])), Checked(anew, noted).Break);
    }

    [Fact]
    public void An_end_that_was_cut_off_is_found_by_a_noted_head_only()
    {
        List<LogLine> log = Log(5);
        Assert.Null(Checked(log[..3]).Break);
        Assert.Equal(new LogBreak(5, LogFault.Cut, Head(log[2])), Checked(log[..3], Head(log[4])).Break);
        Assert.Equal(new LogBreak(1, LogFault.Cut, Origin), Checked([], Head(log[0])).Break);
    }

    [Fact]
    public void A_noted_head_of_an_empty_log_is_that_of_the_trust_domain()
    {
        Assert.Null(Checked(Log(2), Origin).Break);
        Assert.Equal(LogFault.Unexpected, Checked(Log(2), new LogHead(0, LogChain.Origin("other.example"))).Break!.Fault);
    }

    private static LogHead Head(LogLine line) => new(line.Number, line.Hash);

    private static ChainCheck Checked(IEnumerable<LogLine> log, LogHead? expected = null)
    {
        ChainCheck check = new(TrustDomain, Origin, expected);
        _ = log.All(check.Next);
        check.End();
        return check;
    }
}
