using System.CommandLine;
using SdsServer.Cli.Admin;
using SdsServer.Cli.Audit;
using SdsServer.Cli.Parsing;
using SdsServer.Protos.Admin.V1;

namespace SdsServer.Cli.Commands;

internal static class AuditExportCommand
{
    public static Command Create()
    {
        Option<FileInfo> output = new("--output", "-o") { HelpName = "FILE", Description = "Write to this new file instead of stdout." };
        Option<long> after = new("--after") { HelpName = "NUMBER", Description = "Only the lines after this one, which must exist. Default: from the first." };
        return new CliCommand("export", "Writes the audit log as JSON lines that can be verified without the server.") { output, after }.With(
            [
                ("sdsctl audit export -o audit.jsonl", "all of it"),
                ("sdsctl audit export --after 1200 >> audit.jsonl", "what has come since"),
                ("sdsctl audit export -o audit.jsonl && sdsctl audit verify --file audit.jsonl", "and check it"),
            ],
            "Each line holds its hash and that of the line before it. Keep exports where nobody who can write the server's database can write.")
        .Does(session => RunAsync(session, session.Get(output), session.Get(after)));
    }

    private static async Task RunAsync(Session session, FileInfo? output, long after)
    {
        if (output is null)
        {
            await ExportAsync(session, after, session.Terminal.Line);
            return;
        }

        await using FileStream file = new(output.FullName, PrivateFile.New);
        await using StreamWriter writer = new(file) { NewLine = "\n" };
        try
        {
            await ExportAsync(session, after, writer.WriteLine);
        }
        catch
        {
            // Half an export would look like a log whose end was cut off.
            output.Delete();
            throw;
        }
    }

    private static async Task ExportAsync(Session session, long after, Action<string> write)
    {
        ExportAuditLogRequest request = new() { Parent = await session.Admin.ParentAsync(), AfterNumber = after };
        long lines = 0;
        AuditRecord? last = null;
        await foreach (ExportAuditLogResponse response in session.Admin.WatchAsync(AdminMethods.ExportAuditLog, request, session.Cancellation))
        {
            foreach (AuditRecord record in response.Records)
            {
                write(AuditFile.Line(record));
                (lines, last) = (lines + 1, record);
            }
        }

        session.Terminal.Say(last is null ? "there is nothing to export" : $"exported {lines} lines, head {last.Number}:{last.Hash}");
    }
}
