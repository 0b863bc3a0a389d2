using System.Security.Cryptography;
using SdsServer.Core.Audit;
using SdsServer.Core.Rotation;
using SdsServer.Storage.Sqlite;
using static SdsServer.Storage.Tests.Samples;
using SdsServer.Testing;

namespace SdsServer.Storage.Tests.Sqlite;

/// <summary>The stored keys under another key-encryption key, and what a kill leaves on the way.</summary>
public sealed class RekeyingTests : IDisposable
{
    private static readonly CancellationToken None = CancellationToken.None;

    private readonly TemporaryDirectory _directory = new();
    private readonly CapturedLog _log = new();
    private readonly byte[] _pkcs8 = RandomNumberGenerator.GetBytes(138);

    private string NextKey => _directory.Key + ".next";

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task The_stores_own_key_is_replaced_and_every_key_still_opens()
    {
        await MakeAsync(_directory.Options);
        byte[] before = await File.ReadAllBytesAsync(_directory.Key);

        Assert.Equal(2, Rekeying.Run(_directory.Options, null, Entry, _log));

        Assert.NotEqual(before, await File.ReadAllBytesAsync(_directory.Key));
        Assert.False(File.Exists(NextKey));
        await AssertOpensAsync(_directory.Options);
        await File.WriteAllBytesAsync(_directory.Key, before);
        StoreOpenException error = await Assert.ThrowsAsync<StoreOpenException>(() => OpenAsync(_directory.Options));
        Assert.Contains("is encrypted under", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_key_of_ones_own_is_named_then()
    {
        SqliteOptions old = _directory.Options with { KeyEncryptionKeyFile = KeyFile("old") }, next = old with { KeyEncryptionKeyFile = KeyFile("new") };
        await MakeAsync(old);
        Rekeying.Run(old, next.KeyEncryptionKeyFile, Entry, _log);
        await AssertOpensAsync(next);
        await Assert.ThrowsAsync<StoreOpenException>(() => OpenAsync(old));
    }

    [Fact]
    public async Task It_is_in_the_log_and_the_chain_holds()
    {
        await MakeAsync(_directory.Options);
        Rekeying.Run(_directory.Options, null, Entry, _log);
        await using SqliteTrustStore store = await OpenAsync(_directory.Options);
        IReadOnlyList<LogLine> lines = await store.ReadLogAsync(TrustDomain, 0, 10, None);
        Assert.Equal(("Rekey", "local:root"), (lines[^1].Kind, lines[^1].Actor));
        Assert.Equal(LogLine.After(LogChain.Origin(TrustDomain), TrustDomain, lines[0].Number, Entry(TrustDomain)).Hash, lines[0].Hash);
    }

    [Fact]
    public async Task No_file_holds_what_was_encrypted_under_the_old_key()
    {
        await MakeAsync(_directory.Options);
        byte[] envelope;
        await using (SqliteTrustStore store = await OpenAsync(_directory.Options))
        {
            envelope = await store.Database.ReadAsync(connection => Dapper.SqlMapper.QueryFirst<byte[]>(connection, "SELECT envelope FROM authority_keys"), None);
        }

        Assert.Contains(Files(), file => Holds(file, envelope));
        Rekeying.Run(_directory.Options, null, Entry, _log);
        Assert.DoesNotContain(Files(), file => Holds(file, envelope));
    }

    [Fact]
    public async Task Killed_before_the_commit_nothing_has_happened()
    {
        await MakeAsync(_directory.Options);
        await File.WriteAllBytesAsync(NextKey, RandomNumberGenerator.GetBytes(32));
        File.SetUnixFileMode(NextKey, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        await AssertOpensAsync(_directory.Options);
        Assert.False(File.Exists(NextKey));
        Rekeying.Run(_directory.Options, null, Entry, _log);
        await AssertOpensAsync(_directory.Options);
    }

    [Fact]
    public async Task Killed_after_the_commit_the_next_start_ends_it()
    {
        await MakeAsync(_directory.Options);
        byte[] before = await File.ReadAllBytesAsync(_directory.Key);
        Rekeying.Run(_directory.Options, null, Entry, _log);
        File.Move(_directory.Key, NextKey);
        await File.WriteAllBytesAsync(_directory.Key, before);
        File.SetUnixFileMode(_directory.Key, UnixFileMode.UserRead | UnixFileMode.UserWrite);

        await AssertOpensAsync(_directory.Options);

        Assert.False(File.Exists(NextKey));
        await AssertOpensAsync(_directory.Options);
    }

    [Fact]
    public async Task A_key_that_does_not_open_changes_nothing()
    {
        await MakeAsync(_directory.Options);
        await using (SqliteTrustStore store = await OpenAsync(_directory.Options))
        {
            await store.Database.WriteAsync(
                connection => Dapper.SqlMapper.Execute(connection, "UPDATE authority_keys SET envelope = zeroblob(120) WHERE authority_id = 'ca-2'"), None);
        }

        byte[] key = await File.ReadAllBytesAsync(_directory.Key);
        Assert.ThrowsAny<CryptographicException>(() => Rekeying.Run(_directory.Options, null, Entry, _log));
        Assert.Equal(key, await File.ReadAllBytesAsync(_directory.Key));
        await using SqliteTrustStore again = await OpenAsync(_directory.Options);
        Assert.Equal(_pkcs8, await again.ReadKeyAsync(TrustDomain, "ca-1", None));
    }

    [Fact]
    public async Task Bad_orders_are_refused_with_what_to_do()
    {
        AssertRefused("nothing is encrypted yet", _directory.Options, null);
        SqliteOptions own = _directory.Options with { KeyEncryptionKeyFile = KeyFile("own") };
        await MakeAsync(own);
        AssertRefused("is not the server's own to replace", own, null);
        AssertRefused("is encrypted under already", own, own.KeyEncryptionKeyFile);
        AssertRefused("cannot be read", own, _directory.Key + "-missing");
        await using (SqliteTrustStore running = await OpenAsync(own))
        {
            AssertRefused("in use", own, KeyFile("next"));
        }

        await AssertOpensAsync(own);
    }

    private void AssertRefused(string text, SqliteOptions options, string? file) =>
        Assert.Contains(text, Assert.Throws<StoreOpenException>(() => Rekeying.Run(options, file, Entry, _log)).Message, StringComparison.Ordinal);

    private async Task MakeAsync(SqliteOptions options)
    {
        await using SqliteTrustStore store = await OpenAsync(options);
        long term = (await store.BeginTermAsync(TrustDomain, KeepAll, None)).Term;
        await store.AddKeyAsync(TrustDomain, term, "ca-1", _pkcs8, None);
        await store.AddKeyAsync(TrustDomain, term, "ca-2", _pkcs8, None);
    }

    private async Task AssertOpensAsync(SqliteOptions options)
    {
        await using SqliteTrustStore store = await OpenAsync(options);
        Assert.Equal(_pkcs8, await store.ReadKeyAsync(TrustDomain, "ca-1", None));
        Assert.Equal(_pkcs8, await store.ReadKeyAsync(TrustDomain, "ca-2", None));
    }

    private string KeyFile(string name)
    {
        string path = Path.Combine(Path.GetDirectoryName(_directory.Data)!, name);
        File.WriteAllBytes(path, RandomNumberGenerator.GetBytes(32));
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        return path;
    }

    private string[] Files() => Directory.GetFiles(_directory.Data);

    private static bool Holds(string file, byte[] bytes) => File.ReadAllBytes(file).AsSpan().IndexOf(bytes) >= 0;

    private static Decision Entry(string trustDomain) =>
        new() { At = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero), Actor = "local:root", Kind = DecisionKind.Rekey, Action = $"encrypt the keys of {trustDomain} anew" };

    private Task<SqliteTrustStore> OpenAsync(SqliteOptions options) => SqliteTrustStore.OpenAsync(options, _log, None);
}
