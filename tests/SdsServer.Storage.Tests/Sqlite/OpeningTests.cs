using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;
using SdsServer.Core.Audit;
using SdsServer.Core.Rotation;
using SdsServer.Storage.Sqlite;
using SdsServer.Storage.Tests.Processes;
using static SdsServer.Storage.Tests.Samples;
using SdsServer.Testing;

namespace SdsServer.Storage.Tests.Sqlite;

/// <summary>When a store opens, when it refuses to, and that a refusal leaves everything as it was.</summary>
public sealed class OpeningTests : IDisposable
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task The_directory_is_made_for_its_owner_only_and_so_is_every_file()
    {
        await using SqliteTrustStore store = await OpenAsync();
        await store.BeginTermAsync(TrustDomain, KeepAll, CancellationToken.None);

        Assert.Equal(OwnerOnly | UnixFileMode.UserExecute, File.GetUnixFileMode(_directory.Data));
        string[] files = Directory.GetFiles(_directory.Data);
        Assert.Equal(["key-encryption-key", "lock", "sds.db", "sds.db-shm", "sds.db-wal"], files.Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.All(files, file => Assert.Equal(OwnerOnly, File.GetUnixFileMode(file)));
    }

    [Theory]
    [InlineData(UnixFileMode.GroupRead)]
    [InlineData(UnixFileMode.GroupWrite)]
    [InlineData(UnixFileMode.GroupExecute)]
    [InlineData(UnixFileMode.OtherRead)]
    [InlineData(UnixFileMode.OtherWrite)]
    [InlineData(UnixFileMode.OtherExecute)]
    public async Task A_directory_that_is_open_to_others_is_refused(UnixFileMode extra)
    {
        Directory.CreateDirectory(_directory.Data);
        File.SetUnixFileMode(_directory.Data, OwnerOnly | UnixFileMode.UserExecute | extra);
        StoreOpenException error = await RefusedAsync();
        Assert.Contains($"chmod 700 '{_directory.Data}'", error.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(_directory.Data));
    }

    [Fact]
    public async Task A_link_to_a_directory_that_is_open_to_others_is_refused()
    {
        Directory.CreateDirectory(_directory["open"]);
        File.SetUnixFileMode(_directory["open"], OwnerOnly | UnixFileMode.UserExecute | UnixFileMode.OtherRead);
        Directory.CreateSymbolicLink(_directory.Data, _directory["open"]);
        await RefusedAsync();
    }

    [Fact]
    public async Task A_path_that_is_no_directory_is_refused()
    {
        await File.WriteAllTextAsync(_directory.Data, "");
        Assert.Contains(_directory.Data, (await RefusedAsync()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_database_file_that_became_readable_is_closed_to_others_again()
    {
        await PopulateAsync();
        File.SetUnixFileMode(_directory.Database, OwnerOnly | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
        await using SqliteTrustStore store = await OpenAsync();
        Assert.All(Directory.GetFiles(_directory.Data), file => Assert.Equal(OwnerOnly, File.GetUnixFileMode(file)));
    }

    [Fact]
    public async Task A_second_store_in_one_process_is_refused_until_the_first_is_disposed()
    {
        await using (await OpenAsync())
        {
            Assert.Contains($"'{_directory.Data}' is in use by another process", (await RefusedAsync()).Message, StringComparison.Ordinal);
        }

        await (await OpenAsync()).DisposeAsync();
    }

    [Fact]
    public async Task A_second_process_is_refused_until_the_first_is_killed()
    {
        using ChildProcess other = new("hold", _directory.Data);
        Assert.Equal(["open"], await other.ReadLinesAsync(1));
        Assert.Contains($"'{_directory.Data}' is in use by another process", (await RefusedAsync()).Message, StringComparison.Ordinal);

        await other.KillAsync();
        await (await OpenAsync()).DisposeAsync();
    }

    [Fact]
    public async Task A_database_of_the_first_schema_is_brought_up_to_date_with_its_log()
    {
        await PopulateAsync();
        await ExecuteAsync(
            """
            DROP TABLE registrations;
            DROP TABLE enrolment_authorities;
            DROP TABLE enrolled_certificates;
            DROP TABLE identity_cutoffs;
            DROP TABLE log_heads;
            DROP TABLE decisions;
            CREATE TABLE decisions (number INTEGER PRIMARY KEY AUTOINCREMENT, trust_domain INTEGER NOT NULL, at INTEGER NOT NULL,
                actor TEXT NOT NULL, action TEXT NOT NULL, reason TEXT NOT NULL, evidence TEXT NOT NULL);
            INSERT INTO decisions (trust_domain, at, actor, action, reason, evidence) SELECT id, 5, 'alice', 'set signer b', 'because', 'epoch 4' FROM trust_domains;
            PRAGMA user_version = 1;
            """);

        CapturedLog log = new();
        await using SqliteTrustStore store = await SqliteTrustStore.OpenAsync(_directory.Options, log, CancellationToken.None);

        Assert.Contains(log.Lines, line => line.Id == 4008 && line.Text.Contains("1 lines", StringComparison.Ordinal));
        Assert.Equal(1, (await LogVerification.RunAsync(store, TrustDomain, null, CancellationToken.None)).Lines);
        Decision old = new()
        {
            At = new DateTimeOffset(5, TimeSpan.Zero),
            Actor = "alice",
            Kind = DecisionKind.Unspecified,
            Action = "set signer b",
            Reason = "because",
            Evidence = "epoch 4",
        };
        Assert.Equal(old, Assert.Single(await store.ReadLogAsync(TrustDomain, 0, 9, CancellationToken.None)).Entry);
        long term = (await store.BeginTermAsync(TrustDomain, KeepAll, CancellationToken.None)).Term;
        await store.AppendLogAsync(TrustDomain, term, [Entry("new")], CancellationToken.None);
        Assert.Equal([old, Entry("new")], (await store.ReadLogAsync(TrustDomain, 0, 9, CancellationToken.None)).Select(it => it.Entry));
        LogReport report = await LogVerification.RunAsync(store, TrustDomain, null, CancellationToken.None);
        Assert.Equal((2L, null), (report.Lines, report.Break));
    }

    [Fact]
    public async Task A_newer_schema_is_refused()
    {
        await PopulateAsync();
        await ExecuteAsync("PRAGMA user_version = 9");
        Assert.Contains("has schema version 9; this program knows versions up to 5", (await RefusedUnchangedAsync()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_database_of_another_program_is_refused()
    {
        await PopulateAsync();
        await ExecuteAsync("PRAGMA application_id = 7");
        Assert.Contains($"'{_directory.Database}' is no database of SdsServer", (await RefusedUnchangedAsync()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_database_without_a_key_check_value_is_refused()
    {
        await PopulateAsync();
        await ExecuteAsync("DELETE FROM key_check");
        Assert.Contains("key check", (await RefusedUnchangedAsync()).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(100)]
    [InlineData(4096)]
    [InlineData(8192)]
    [InlineData(-1)]
    [InlineData(-4096)]
    public async Task A_database_that_was_cut_short_is_refused(int length)
    {
        await PopulateAsync();
        using (FileStream file = File.OpenWrite(_directory.Database))
        {
            file.SetLength(length < 0 ? file.Length + length : length);
        }

        Assert.Contains($"'{_directory.Database}' is damaged", (await RefusedUnchangedAsync()).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(4096)]
    [InlineData(40960)]
    public async Task Garbage_in_the_database_is_refused(int offset)
    {
        await PopulateAsync();
        using (FileStream file = File.OpenWrite(_directory.Database))
        {
            file.Seek(offset, SeekOrigin.Begin);
            file.Write([.. Enumerable.Repeat((byte)0xa5, 4096)]);
        }

        Assert.Contains($"'{_directory.Database}' is damaged", (await RefusedUnchangedAsync()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_large_database_is_not_read_through_and_the_log_says_so()
    {
        await PopulateAsync();
        CapturedLog log = new();
        await using SqliteTrustStore store =
            await SqliteTrustStore.OpenAsync(_directory.Options with { CheckAtMost = 1 }, log, CancellationToken.None);
        Assert.Contains(log.Lines, line => line.Id == 4004);
    }

    [Fact]
    public async Task A_database_that_is_gone_while_its_key_is_there_is_not_replaced()
    {
        await PopulateAsync();
        File.Delete(_directory.Database);
        Assert.Contains($"is gone, but '{_directory.Key}'", (await RefusedUnchangedAsync()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_database_that_is_gone_while_its_log_is_there_is_not_replaced()
    {
        await PopulateAsync();
        File.Move(_directory.Database, _directory.Database + "-wal");
        SqliteOptions named = _directory.Options with { KeyEncryptionKeyFile = _directory.Key };
        StoreOpenException error = await Assert.ThrowsAsync<StoreOpenException>(
            () => SqliteTrustStore.OpenAsync(named, NullLogger.Instance, CancellationToken.None));
        Assert.Contains($"is gone, but '{_directory.Database}-wal'", error.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(_directory.Database));
    }

    [Fact]
    public async Task A_first_start_that_was_cut_short_is_done_again()
    {
        await PopulateAsync();
        File.Move(_directory.Database, _directory.Database + ".new");
        await File.WriteAllTextAsync(_directory.Database + ".new-journal", "left over");
        await File.WriteAllTextAsync(_directory.Key + ".new", "left over");
        await using SqliteTrustStore store = await OpenAsync();
        Assert.Null((await store.BeginTermAsync(TrustDomain, KeepAll, CancellationToken.None)).State);
        Assert.False(File.Exists(_directory.Database + ".new"));
    }

    [Fact]
    public async Task A_first_start_that_ended_before_it_had_a_key_is_done_again()
    {
        Directory.CreateDirectory(_directory.Data, OwnerOnly | UnixFileMode.UserExecute);
        await File.WriteAllTextAsync(_directory.Database + ".new", "left over");
        await (await OpenAsync()).DisposeAsync();
        Assert.Equal(["key-encryption-key", "lock", "sds.db"], Directory.GetFiles(_directory.Data).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_state_with_a_member_this_program_does_not_know_is_refused_and_begins_no_term()
    {
        await PopulateAsync();
        await ExecuteAsync("UPDATE trust_domains SET state = replace(state, '\"epoch\":', '\"quarantine\":true,\"epoch\":')");
        await using SqliteTrustStore store = await OpenAsync();
        for (int i = 0; i < 2; i++)
        {
            InvalidDataException error = await Assert.ThrowsAsync<InvalidDataException>(
                () => store.BeginTermAsync(TrustDomain, KeepAll, CancellationToken.None));
            Assert.Contains("quarantine", error.Message, StringComparison.Ordinal);
        }

        long term = await store.Database.ReadAsync(it => Dapper.SqlMapper.ExecuteScalar<long>(it, "SELECT term FROM trust_domains"), CancellationToken.None);
        Assert.Equal(1, term);
    }

    [Fact]
    public async Task A_leaf_in_a_state_this_program_does_not_know_is_refused()
    {
        await PopulateAsync();
        await ExecuteAsync("UPDATE leaves SET state = 'Quarantined' WHERE id = 7");
        await using SqliteTrustStore store = await OpenAsync();
        InvalidDataException error = await Assert.ThrowsAsync<InvalidDataException>(
            () => store.BeginTermAsync(TrustDomain, KeepAll, CancellationToken.None));
        Assert.Contains("state 'Quarantined'", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_log_of_decisions_cannot_be_rewritten()
    {
        await PopulateAsync();
        await Assert.ThrowsAsync<SqliteException>(() => ExecuteAsync("UPDATE decisions SET actor = 'mallory'"));
        await Assert.ThrowsAsync<SqliteException>(() => ExecuteAsync("DELETE FROM decisions"));
        await Assert.ThrowsAsync<SqliteException>(() => ExecuteAsync("INSERT OR REPLACE INTO decisions SELECT * FROM decisions"));
    }

    [Fact]
    public async Task The_connection_is_set_up_for_durability()
    {
        await using SqliteTrustStore store = await OpenAsync();
        Assert.Equal("wal", await store.Database.ReadAsync(it => Pragma(it, "journal_mode"), CancellationToken.None));
        Assert.Equal("2", await store.Database.ReadAsync(it => Pragma(it, "synchronous"), CancellationToken.None));
        Assert.Equal("1", await store.Database.ReadAsync(it => Pragma(it, "foreign_keys"), CancellationToken.None));
        Assert.Equal("1", await store.Database.ReadAsync(it => Pragma(it, "secure_delete"), CancellationToken.None));
        Assert.Equal("5000", await store.Database.ReadAsync(it => Pragma(it, "busy_timeout"), CancellationToken.None));
        static string? Pragma(SqliteConnection connection, string name) => Dapper.SqlMapper.ExecuteScalar<string>(connection, $"PRAGMA {name}");
    }

    private Task<SqliteTrustStore> OpenAsync() => SqliteTrustStore.OpenAsync(_directory.Options, NullLogger.Instance, CancellationToken.None);

    private Task<StoreOpenException> RefusedAsync() => Assert.ThrowsAsync<StoreOpenException>(OpenAsync);

    [Fact]
    public async Task The_store_of_one_trust_domain_is_not_taken_for_that_of_another()
    {
        await using (SqliteTrustStore empty = await OpenAsync())
        {
            await empty.RequireTrustDomainAsync("any.example", CancellationToken.None);
        }

        await PopulateAsync();
        await using SqliteTrustStore store = await OpenAsync();
        await store.RequireTrustDomainAsync(TrustDomain, CancellationToken.None);

        StoreOpenException error = await Assert.ThrowsAsync<StoreOpenException>(() => store.RequireTrustDomainAsync("mash.example", CancellationToken.None));

        Assert.Contains($"'{TrustDomain}'", error.Message, StringComparison.Ordinal);
    }

    private async Task<StoreOpenException> RefusedUnchangedAsync()
    {
        Dictionary<string, byte[]> before = Snapshot();
        StoreOpenException error = await RefusedAsync();
        await RefusedAsync();
        Dictionary<string, byte[]> after = Snapshot();
        Assert.Equal(before.Keys.Order(), after.Keys.Order());
        Assert.All(before, file => Assert.Equal(file.Value, after[file.Key]));
        return error;

        Dictionary<string, byte[]> Snapshot() => Directory.GetFiles(_directory.Data).ToDictionary(it => it, File.ReadAllBytes);
    }

    private async Task PopulateAsync()
    {
        await using SqliteTrustStore store = await OpenAsync();
        TrustRecord record = await store.BeginTermAsync(TrustDomain, KeepAll, CancellationToken.None);
        await store.SaveAsync(State(record.Term, 1), [Entry("begin")], [], CancellationToken.None);
        await store.InsertLeavesAsync(
            TrustDomain, record.Term, [.. Enumerable.Range(0, 300).Select(i => Insert(i))], CancellationToken.None);
    }

    private async Task ExecuteAsync(string sql)
    {
        await using SqliteConnection connection = new($"Data Source={_directory.Database};Pooling=false");
        await connection.OpenAsync();
        await Dapper.SqlMapper.ExecuteAsync(connection, sql);
    }
}
