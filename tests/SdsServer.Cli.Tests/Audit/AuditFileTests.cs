using System.Text.RegularExpressions;
using SdsServer.Cli.Tests.Fakes;
using SdsServer.Core.Audit;
using SdsServer.Testing.Processes;

namespace SdsServer.Cli.Tests.Audit;

/// <summary>An export is checked without a server, and nothing in it can be changed unseen.</summary>
public sealed class AuditFileTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new("sdsctl-audit");

    public static TheoryData<string, string> Fields => new()
    {
        { "number", "\"number\": \"2\"=>\"number\": \"4\"" },
        { "time", "02:40:00Z=>02:40:01Z" },
        { "time below a tick", "02:40:00Z=>02:40:00.000000001Z" },
        { "actor", "uid:1000=>uid:1001" },
        { "kind", "AdvanceRotation=>AddTrust" },
        { "subject", "\"rotationId\"=>\"subject\": \"x\", \"rotationId\"" },
        { "rotation", "\"r1\"=>\"r2\"" },
        { "action", "wave 1=>wave 2" },
        { "reason", "\"action\"=>\"reason\": \"x\", \"action\"" },
        { "evidence", "\"action\"=>\"evidence\": \"x\", \"action\"" },
        { "outcome", "Refused=>Done" },
        { "error", "\"action\"=>\"error\": \"x\", \"action\"" },
        { "revision", "\"42\"=>\"43\"" },
        { "previous hash", "\"previousHash\": \"=>\"previousHash\": \"0" },
        { "hash", ", \"hash\": \"=>, \"hash\": \"0" },
        { "trust domain", "example.org=>example.com" },
    };

    private string Export => _directory.PathOf("audit.jsonl");

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task An_export_is_verified_without_a_server()
    {
        await ExportAsync();
        LogHead head = Head();

        CliRun run = await CliRun.OfAsync(["audit", "verify", "--file", Export, "--expect", head.ToString()]);

        Assert.Equal((0, ""), (run.ExitCode, run.Error));
        Assert.Contains($"head: {head}", run.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Exports_that_follow_each_other_can_be_joined()
    {
        await ExportAsync();
        string[] whole = await File.ReadAllLinesAsync(Export);
        File.Delete(Export);
        await ExportAsync("--after", "1");
        Assert.Equal(whole[1..], await File.ReadAllLinesAsync(Export));

        CliRun run = await CliRun.OfAsync(["audit", "verify", "--file", Export]);

        Assert.Equal(0, run.ExitCode);
        Assert.Contains("begins after line 1", run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Fields))]
    public async Task An_altered_field_is_found(string field, string change)
    {
        await ExportAsync();
        string[] lines = await File.ReadAllLinesAsync(Export);
        string[] parts = change.Split("=>");
        string altered = lines[1].Replace(parts[0], parts[1], StringComparison.Ordinal);
        altered = field.EndsWith("hash", StringComparison.Ordinal) ? Regex.Replace(altered, "\"0([0-9a-f]{63})[0-9a-f]\"", "\"0$1\"") : altered;
        Assert.NotEqual(lines[1], altered);
        await File.WriteAllLinesAsync(Export, [lines[0], altered, lines[2]]);

        CliRun run = await CliRun.OfAsync(["audit", "verify", "--file", Export]);

        Assert.Equal(1, run.ExitCode);
        Assert.Matches("line 2|line 4", run.Error);
    }

    [Fact]
    public async Task Removed_swapped_and_cut_lines_are_found()
    {
        await ExportAsync();
        string[] lines = await File.ReadAllLinesAsync(Export);
        string head = Head().ToString();

        Assert.Contains("line 2 is missing", await BrokenAsync(lines[0], lines[2]), StringComparison.Ordinal);
        Assert.Contains("line 3 does not follow", await BrokenAsync(lines[0], lines[2], lines[1]), StringComparison.Ordinal);
        Assert.Contains("line 3 was written once", await BrokenAsync(head, lines[0], lines[1]), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{}\n")]
    [InlineData("{ \"number\": \n")]
    [InlineData("{ \"number\": \"1\", \"time\": \"2026-11-21T02:30:00Z\", \"previousHash\": \"zz\" }\n")]
    [InlineData("[]\n")]
    public async Task What_is_no_export_is_refused(string text)
    {
        await File.WriteAllTextAsync(Export, text);
        CliRun run = await CliRun.OfAsync(["audit", "verify", "--file", Export]);
        Assert.Equal(1, run.ExitCode);
        Assert.Contains("audit log", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_that_is_there_is_not_written_over()
    {
        await File.WriteAllTextAsync(Export, "mine");
        Assert.NotEqual(0, (await RunExportAsync("steady")).ExitCode);
        Assert.Equal("mine", await File.ReadAllTextAsync(Export));
    }

    [Fact]
    public async Task Half_an_export_is_not_left_behind()
    {
        Assert.NotEqual(0, (await RunExportAsync("tampered")).ExitCode);
        Assert.False(File.Exists(Export));
    }

    private async Task<string> BrokenAsync(params string[] linesAfterHead)
    {
        string[] expect = linesAfterHead[0].StartsWith('{') ? [] : ["--expect", linesAfterHead[0]];
        await File.WriteAllLinesAsync(Export, linesAfterHead[(expect.Length / 2)..]);
        CliRun run = await CliRun.OfAsync(["audit", "verify", "--file", Export, .. expect]);
        Assert.Equal(1, run.ExitCode);
        return run.Error;
    }

    private static LogHead Head()
    {
        LogLine last = FakeMesh.In("steady").Log[^1];
        return new LogHead(last.Number, last.Hash);
    }

    private async Task ExportAsync(params string[] more) => Assert.Equal(0, (await RunExportAsync("steady", more)).ExitCode);

    private async Task<CliRun> RunExportAsync(string situation, params string[] more)
    {
        FakeAdmin admin = new(FakeMesh.In(situation));
        await using FakeServer server = await FakeServer.StartAsync(routes => admin.Map(routes));
        return await CliRun.OfAsync(["audit", "export", "--output", Export, .. more], server.Address);
    }
}
