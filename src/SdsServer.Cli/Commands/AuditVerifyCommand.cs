using System.CommandLine;
using SdsServer.Cli.Admin;
using SdsServer.Cli.Audit;
using SdsServer.Cli.Output;
using SdsServer.Cli.Parsing;
using SdsServer.Core.Audit;
using SdsServer.Protos.Admin.V1;

namespace SdsServer.Cli.Commands;

internal static class AuditVerifyCommand
{
    public static Command Create()
    {
        Option<string> expect = new("--expect") { HelpName = "NUMBER:HASH", Description = "A head that was noted earlier: fail when that line is missing or another one." };
        Option<FileInfo> file = new("--file") { HelpName = "FILE", Description = "Look through this export instead, without a server." };
        return new CliCommand("verify", "Proves that the audit log is what was written, or names the first line that is not.") { expect, file }.With(
            [
                ("sdsctl audit verify", "every line; prints the head, which is worth noting elsewhere"),
                ("sdsctl audit verify --expect \"$HEAD\"", "the same, and nothing up to a noted head was changed"),
                ("sdsctl audit verify --file audit.jsonl", "an export, on any machine"),
            ],
            "Each line holds the hash of the one before it. Who can write the server's database can also compute all hashes anew: only a head, or an export, that is kept elsewhere shows that.",
            "Exit code 1: the log is broken. A log of many millions of lines needs a longer --timeout.")
        .Does(session => RunAsync(session, session.Get(expect), session.Get(file)));
    }

    private static async Task RunAsync(Session session, string? expect, FileInfo? file)
    {
        LogHead? expected = expect is null ? null : LogHead.Parse(expect)
            ?? throw CliException.Usage($"'{expect}' is no head of an audit log", "it is a line's number, a colon and 64 hex digits, as 'sdsctl audit verify' prints it");
        VerifyAuditLogResponse found = file is null ? await AskAsync(session, expected) : await ReadAsync(session, file, expected);
        if (found.FirstBreak is { } wrong)
        {
            throw new CliException(ExitCodes.Failure, $"the audit log is broken: {wrong.Message}", [.. Hints(wrong.Fault, found.Head)]);
        }

        string head = $"{found.Head.Number}:{found.Head.Hash}";
        switch (session.Terminal.Format)
        {
            case OutputFormat.Json:
                session.Terminal.Json(found);
                break;
            case OutputFormat.Plain:
                session.Terminal.Line(head);
                break;
            default:
                session.Terminal.Line($"intact: {found.Lines} lines{(expected is null ? "" : $", line {expected.Number} is the one that was noted")}");
                session.Terminal.Line($"head: {head}");
                break;
        }
    }

    private static async Task<VerifyAuditLogResponse> AskAsync(Session session, LogHead? expected) =>
        await session.Admin.CallAsync(AdminMethods.VerifyAuditLog, new VerifyAuditLogRequest
        {
            Parent = await session.Admin.ParentAsync(),
            ExpectedHead = expected is null ? null : new AuditHead { Number = expected.Number, Hash = expected.Hash },
        });

    private static async Task<VerifyAuditLogResponse> ReadAsync(Session session, FileInfo file, LogHead? expected)
    {
        (LogReport report, LogHead from) = await AuditFile.VerifyAsync(file.FullName, expected, session.Cancellation);
        if (from.Number > 0)
        {
            session.Terminal.Say($"{file.Name} begins after line {from.Number}: what stands before is not looked at; it continues from {from}");
        }

        return new VerifyAuditLogResponse
        {
            Head = new AuditHead { Number = report.Head.Number, Hash = report.Head.Hash },
            Lines = report.Lines,
            FirstBreak = report.Break is { } found
                ? new AuditBreak { Number = found.Number, Fault = Enum.Parse<AuditFault>(found.Fault.ToString()), Message = found.Text }
                : null,
        };
    }

    private static IEnumerable<string> Hints(AuditFault fault, AuditHead lastGood)
    {
        yield return lastGood.Number == 0 ? "no line can be relied on" : $"lines up to {lastGood.Number} fit together; its hash is {lastGood.Hash}";
        yield return fault is AuditFault.Cut or AuditFault.Unexpected
            ? "a restored backup ends earlier, and another server has another log; anything else was done by someone who can write the data directory"
            : "someone has written to the database without the server: keep a copy of the data directory before anything else";
        yield return "compare with an earlier export ('sdsctl audit verify --file FILE'); the server goes on serving, and new lines are chained to what it last wrote";
    }
}
