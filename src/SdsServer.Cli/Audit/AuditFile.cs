using Google.Protobuf;
using SdsServer.Core.Audit;
using SdsServer.Protos.Admin.V1;

namespace SdsServer.Cli.Audit;

/// <summary>An exported audit log: a JSON object a line.</summary>
internal static class AuditFile
{
    private const int NanosPerTick = 100;

    public static string Line(AuditRecord record) => JsonFormatter.Default.Format(record);

    /// <summary>Looks an export through. It may begin in the middle of the log.</summary>
    /// <param name="file">Path.</param>
    /// <param name="expected">A head that was noted earlier; null for none.</param>
    /// <returns>What was found, and what the first line follows.</returns>
    /// <exception cref="CliException">It is no export.</exception>
    public static async Task<(LogReport Report, LogHead From)> VerifyAsync(string file, LogHead? expected, CancellationToken cancellation)
    {
        string trustDomain = "";
        LogHead from = new(0, "");
        ChainCheck? check = null;
        int read = 0;
        await foreach (string text in File.ReadLinesAsync(file, cancellation))
        {
            read++;
            AuditRecord record = Parse(file, read, text);
            if (check is null)
            {
                trustDomain = record.TrustDomain;
                from = Before(record);
                check = new ChainCheck(trustDomain, from, expected);
            }

            if (record.TrustDomain != trustDomain)
            {
                throw Wrong(file, read, $"it is of trust domain '{record.TrustDomain}', the lines before are of '{trustDomain}'");
            }

            if (!check.Next(Stored(record, check.Head)))
            {
                break;
            }
        }

        if (check is null)
        {
            throw new CliException(ExitCodes.Failure, $"{file} holds no line of an audit log", "write one with 'sdsctl audit export --output FILE'");
        }

        check.End();
        return (new LogReport(check.Head, check.Lines, check.Break), from);
    }

    private static LogHead Before(AuditRecord first)
    {
        string origin = LogChain.Origin(first.TrustDomain);
        return first.Number == 1 || first.PreviousHash == origin ? new LogHead(0, origin) : new LogHead(first.Number - 1, first.PreviousHash);
    }

    // What the hash does not cover is compared here: no field of an export may be altered unseen.
    private static LogLine Stored(AuditRecord record, LogHead head) => new()
    {
        Number = record.Number,
        At = record.Time.ToDateTimeOffset().UtcTicks,
        Actor = record.Actor,
        Kind = record.Kind,
        Subject = record.Subject,
        RotationId = record.RotationId,
        Action = record.Action,
        Reason = record.Reason,
        Evidence = record.Evidence,
        Outcome = record.Outcome,
        Error = record.Error,
        Revision = record.Revision,
        Hash = record.PreviousHash == head.Hash && record.Time.Nanos % NanosPerTick == 0 ? record.Hash : "",
    };

    private static AuditRecord Parse(string file, int number, string text)
    {
        try
        {
            AuditRecord record = JsonParser.Default.Parse<AuditRecord>(text);
            return record is { Time: not null, Number: > 0 } && LogHead.IsHash(record.PreviousHash) ? record : throw Wrong(file, number, "number, time or previousHash is missing");
        }
        catch (Exception error) when (error is InvalidProtocolBufferException or InvalidJsonException)
        {
            throw Wrong(file, number, error.Message);
        }
    }

    private static CliException Wrong(string file, int number, string what) =>
        new(ExitCodes.Failure, $"line {number} of {file} is no line of an exported audit log: {what}", "it was altered or cut short after the export; take another copy");
}
