using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;
using SdsServer.Core.Audit;
using SdsServer.Storage.Sqlite;
using static SdsServer.Storage.Tests.Samples;

namespace SdsServer.Storage.Tests.Sqlite;

/// <summary>Someone writes to the file without the server: it is found and named, and never stops the server from going on.</summary>
public sealed class TamperedLogTests : IDisposable
{
    private static readonly CancellationToken None = CancellationToken.None;

    private readonly TemporaryDirectory _directory = new();
    private LogHead _noted = new(0, "");

    public static TheoryData<string> Columns =>
        ["at = at + 1", "actor = 'mallory'", "kind = 'AddTrust'", "subject = ''", "rotation_id = 'r9'", "action = 'x'", "reason = 'x'", "evidence = 'x'", "outcome = 'Done'", "error = ''",
            "revision = 8", "hash = zeroblob(32)", "at = -1", "at = 9223372036854775807", "actor = x'ff'", "kind = 'OfANewerProgram'"];

    public void Dispose() => _directory.Dispose();

    [Theory]
    [MemberData(nameof(Columns))]
    public async Task An_altered_field_is_found_in_its_line(string change)
    {
        await TamperAsync($"UPDATE decisions SET {change} WHERE number = 3");
        Assert.Equal((3, LogFault.Altered), await FoundAsync());
    }

    [Fact]
    public async Task A_removed_line_is_found()
    {
        await TamperAsync("DELETE FROM decisions WHERE number = 3");
        Assert.Equal((4, LogFault.Missing), await FoundAsync());
    }

    [Fact]
    public async Task A_removed_first_line_is_found()
    {
        await TamperAsync("DELETE FROM decisions WHERE number = 1");
        Assert.Equal((2, LogFault.Missing), await FoundAsync());
    }

    [Fact]
    public async Task Removed_lines_are_found_though_the_others_move_up()
    {
        await TamperAsync("DELETE FROM decisions WHERE number = 3; UPDATE decisions SET number = number - 1 WHERE number > 3");
        Assert.Equal((3, LogFault.Altered), await FoundAsync());
    }

    [Fact]
    public async Task Lines_that_changed_places_are_found()
    {
        await TamperAsync(
            "UPDATE decisions SET number = 100 WHERE number = 3; UPDATE decisions SET number = 3 WHERE number = 4; UPDATE decisions SET number = 4 WHERE number = 100");
        Assert.Equal((3, LogFault.Altered), await FoundAsync());
    }

    [Fact]
    public async Task An_end_that_was_cut_off_is_found_by_the_head_the_store_keeps()
    {
        await TamperAsync("DELETE FROM decisions WHERE number > 4");
        Assert.Equal((6, LogFault.Cut), await FoundAsync());
    }

    [Fact]
    public async Task An_end_that_was_cut_off_with_its_head_is_found_by_a_noted_one_only()
    {
        await TamperAsync("DELETE FROM decisions WHERE number > 4; UPDATE log_heads SET number = 4, hash = (SELECT hash FROM decisions WHERE number = 4)");
        await using SqliteTrustStore store = await OpenAsync();
        Assert.Null((await LogVerification.RunAsync(store, TrustDomain, null, None)).Break);
        LogBreak found = (await LogVerification.RunAsync(store, TrustDomain, _noted, None)).Break!;
        Assert.Equal((6, LogFault.Cut), (found.Number, found.Fault));
    }

    [Theory]
    [InlineData("", 7, LogFault.Missing)]
    [InlineData("UPDATE sqlite_sequence SET seq = 4", 5, LogFault.Altered)]
    public async Task A_cut_log_does_not_go_on_as_if_nothing_had_been(string sql, long number, LogFault fault)
    {
        await TamperAsync($"DELETE FROM decisions WHERE number > 4; {sql}");
        await using SqliteTrustStore store = await OpenAsync();
        long term = (await store.BeginTermAsync(TrustDomain, KeepAll, None)).Term;
        await store.AppendLogAsync(TrustDomain, term, [Entry("later")], None);
        LogBreak found = (await LogVerification.RunAsync(store, TrustDomain, null, None)).Break!;
        Assert.Equal((number, fault), (found.Number, found.Fault));
    }

    [Fact]
    public async Task A_line_the_server_did_not_write_is_found()
    {
        await PopulateAsync();
        LogLine forged = LogLine.After(_noted.Hash, TrustDomain, 7, Entry("forged"));
        await ExecuteAsync($"INSERT INTO decisions SELECT 7, trust_domain, {forged.At}, actor, kind, subject, rotation_id, 'forged', reason, evidence, outcome, error, revision, x'{forged.Hash}' FROM decisions WHERE number = 6");
        Assert.Equal((7, LogFault.Foreign), await FoundAsync());
    }

    [Theory]
    [InlineData("DELETE FROM decisions")]
    [InlineData("DELETE FROM log_heads")]
    [InlineData("DELETE FROM decisions; DELETE FROM log_heads; DELETE FROM sqlite_sequence")]
    [InlineData("UPDATE decisions SET number = 900 WHERE number = 6; DELETE FROM sqlite_sequence")]
    [InlineData("UPDATE log_heads SET number = -5, hash = zeroblob(32)")]
    public async Task The_server_goes_on_whatever_was_done(string sql)
    {
        await TamperAsync(sql);
        await using SqliteTrustStore store = await OpenAsync();
        long term = (await store.BeginTermAsync(TrustDomain, KeepAll, None)).Term;
        await store.SaveAsync(State(term, 2), [Entry("later")], [], None);
        await LogVerification.TailAsync(store, TrustDomain, 1_000, None);
        Assert.Equal("later", (await store.ReadLogAsync(TrustDomain, 0, 99, None))[^1].Action);
        Assert.NotNull((await LogVerification.RunAsync(store, TrustDomain, _noted, None)).Break);
    }

    private async Task<(long, LogFault)> FoundAsync()
    {
        await using SqliteTrustStore store = await OpenAsync();
        LogReport whole = await LogVerification.RunAsync(store, TrustDomain, null, None);
        LogReport tail = await LogVerification.TailAsync(store, TrustDomain, 1_000, None);
        Assert.Equal(whole, tail);
        return (whole.Break!.Number, whole.Break.Fault);
    }

    private async Task TamperAsync(string sql)
    {
        await PopulateAsync();
        await ExecuteAsync($"DROP TRIGGER decisions_are_never_changed; DROP TRIGGER decisions_are_never_deleted; {sql}");
    }

    private async Task PopulateAsync()
    {
        await using SqliteTrustStore store = await OpenAsync();
        long term = (await store.BeginTermAsync(TrustDomain, KeepAll, None)).Term;
        await store.SaveAsync(State(term, 1), [.. Enumerable.Range(1, 6).Select(i => Entry($"line {i}"))], [], None);
        _noted = await store.ReadLogHeadAsync(TrustDomain, None);
    }

    private async Task ExecuteAsync(string sql)
    {
        await using SqliteConnection connection = new($"Data Source={_directory.Database};Pooling=false");
        await connection.OpenAsync();
        await Dapper.SqlMapper.ExecuteAsync(connection, sql);
    }

    private Task<SqliteTrustStore> OpenAsync() => SqliteTrustStore.OpenAsync(_directory.Options, NullLogger.Instance, None);
}
