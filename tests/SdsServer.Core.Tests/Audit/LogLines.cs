using SdsServer.Core.Audit;

namespace SdsServer.Core.Tests.Audit;

/// <summary>Lines with every field set, each to something else.</summary>
internal static class LogLines
{
    public const string TrustDomain = "mesh.example";

    public static LogLine Line(long number) => new()
    {
        Number = number,
        At = 0x0102030405060708,
        Actor = "älice",
        Kind = "DropTrust",
        Subject = "old",
        RotationId = "r-1",
        Action = "drop trust in root old",
        Reason = "because",
        Evidence = "epoch 4",
        Outcome = "Refused",
        Error = "still needed",
        Revision = 7,
    };

    /// <summary>A log of so many lines that fit.</summary>
    public static List<LogLine> Log(int count)
    {
        List<LogLine> log = [];
        string previous = LogChain.Origin(TrustDomain);
        for (int number = 1; number <= count; number++)
        {
            LogLine line = Line(number);
            log.Add(line with { Hash = LogChain.Hash(previous, TrustDomain, line) });
            previous = log[^1].Hash;
        }

        return log;
    }

    /// <summary>One change of each field.</summary>
    public static Dictionary<string, Func<LogLine, LogLine>> Changes { get; } = new()
    {
        [nameof(LogLine.Number)] = line => line with { Number = line.Number + 1 },
        [nameof(LogLine.At)] = line => line with { At = line.At + 1 },
        [nameof(LogLine.Actor)] = line => line with { Actor = "bob" },
        [nameof(LogLine.Kind)] = line => line with { Kind = "AddTrust" },
        [nameof(LogLine.Subject)] = line => line with { Subject = "new" },
        [nameof(LogLine.RotationId)] = line => line with { RotationId = "" },
        [nameof(LogLine.Action)] = line => line with { Action = "drop trust in root new" },
        [nameof(LogLine.Reason)] = line => line with { Reason = "Because" },
        [nameof(LogLine.Evidence)] = line => line with { Evidence = "epoch 5" },
        [nameof(LogLine.Outcome)] = line => line with { Outcome = "Done" },
        [nameof(LogLine.Error)] = line => line with { Error = "" },
        [nameof(LogLine.Revision)] = line => line with { Revision = 8 },
    };
}
