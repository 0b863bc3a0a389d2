using System.Security.Cryptography;
using System.Text;
using Dapper;
using SdsServer.Storage.Sqlite;
using static SdsServer.Storage.Tests.Samples;
using SdsServer.Testing;

namespace SdsServer.Storage.Tests.Sqlite;

/// <summary>CA keys at rest: encrypted, bound to their place, and useless with another key-encryption key.</summary>
public sealed class StoredKeyTests : IAsyncLifetime, IDisposable
{
    private static readonly CancellationToken None = CancellationToken.None;

    private readonly TemporaryDirectory _directory = new();
    private readonly CapturedLog _log = new();
    private SqliteTrustStore _store = null!;
    private long _term;

    public async Task InitializeAsync()
    {
        _store = await OpenAsync(_directory.Options);
        _term = (await _store.BeginTermAsync(TrustDomain, KeepAll, None)).Term;
    }

    public async Task DisposeAsync() => await _store.DisposeAsync();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task No_file_and_no_log_line_holds_a_private_key()
    {
        using ECDsa ecdsa = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        byte[] pkcs8 = ecdsa.ExportPkcs8PrivateKey();
        byte[] scalar = ecdsa.ExportParameters(includePrivateParameters: true).D!;
        await _store.AddKeyAsync(TrustDomain, _term, "ca-1", pkcs8, None);
        await Assert.ThrowsAsync<InvalidOperationException>(() => _store.AddKeyAsync(TrustDomain, _term, "ca-1", pkcs8, None));
        await Assert.ThrowsAsync<IOException>(() => _store.Database.WriteAsync(it => it.Execute("SELECT * FROM nothing"), None));
        await _store.ReadKeyAsync(TrustDomain, "ca-1", None);

        string[] live = Directory.GetFiles(_directory.Data);
        Assert.Contains(live, file => file.EndsWith("-wal", StringComparison.Ordinal) && new FileInfo(file).Length > 0);
        AssertAbsent(live, pkcs8, scalar);
        await _store.DisposeAsync();
        AssertAbsent(Directory.GetFiles(_directory.Data), pkcs8, scalar);
        AssertAbsent(pkcs8, Encoding.UTF8.GetBytes(string.Join('\n', _log.Lines.Select(line => line.Text))), "the log");
        AssertAbsent(scalar, Encoding.UTF8.GetBytes(string.Join('\n', _log.Lines.Select(line => line.Text))), "the log");
    }

    [Fact]
    public async Task Swapped_keys_are_refused()
    {
        await _store.AddKeyAsync(TrustDomain, _term, "ca-1", new byte[] { 1 }, None);
        await _store.AddKeyAsync(TrustDomain, _term, "ca-2", new byte[] { 2 }, None);
        await ExecuteAsync(
            """
            UPDATE authority_keys SET authority_id = 'x' WHERE authority_id = 'ca-1';
            UPDATE authority_keys SET authority_id = 'ca-1' WHERE authority_id = 'ca-2';
            UPDATE authority_keys SET authority_id = 'ca-2' WHERE authority_id = 'x';
            """);
        foreach (string id in (string[])["ca-1", "ca-2"])
        {
            CryptographicException error = await Assert.ThrowsAnyAsync<CryptographicException>(() => _store.ReadKeyAsync(TrustDomain, id, None));
            Assert.Contains($"authority '{id}'", error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_key_of_another_trust_domain_is_refused()
    {
        await _store.BeginTermAsync("other.example", KeepAll, None);
        await _store.AddKeyAsync(TrustDomain, _term, "ca-1", new byte[] { 1 }, None);
        await ExecuteAsync("UPDATE authority_keys SET trust_domain = (SELECT id FROM trust_domains WHERE name = 'other.example')");
        await Assert.ThrowsAnyAsync<CryptographicException>(() => _store.ReadKeyAsync("other.example", "ca-1", None));
    }

    [Fact]
    public async Task A_flipped_bit_in_the_database_is_noticed()
    {
        await _store.AddKeyAsync(TrustDomain, _term, "ca-1", new byte[] { 1, 2, 3 }, None);
        byte[] envelope = await _store.Database.ReadAsync(it => it.QuerySingle<byte[]>("SELECT envelope FROM authority_keys"), None);
        envelope[^1] ^= 1;
        await _store.Database.WriteAsync(it => it.Execute("UPDATE authority_keys SET envelope = @envelope", new { envelope }), None);
        await Assert.ThrowsAnyAsync<CryptographicException>(() => _store.ReadKeyAsync(TrustDomain, "ca-1", None));
    }

    [Fact]
    public async Task A_missing_key_encryption_key_is_never_made_anew_for_an_existing_database()
    {
        await _store.DisposeAsync();
        File.Delete(_directory.Key);
        byte[] before = await File.ReadAllBytesAsync(_directory.Database);
        StoreOpenException error = await Assert.ThrowsAsync<StoreOpenException>(() => OpenAsync(_directory.Options));
        Assert.Contains($"'{_directory.Key}'", error.Message, StringComparison.Ordinal);
        Assert.Contains("Restore the file", error.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(_directory.Key));
        Assert.Equal(before, await File.ReadAllBytesAsync(_directory.Database));
    }

    [Fact]
    public async Task Another_key_encryption_key_is_refused_at_open()
    {
        await _store.DisposeAsync();
        await File.WriteAllBytesAsync(_directory.Key, RandomNumberGenerator.GetBytes(32));
        byte[] before = await File.ReadAllBytesAsync(_directory.Database);
        StoreOpenException error = await Assert.ThrowsAsync<StoreOpenException>(() => OpenAsync(_directory.Options));
        Assert.Contains($"'{_directory.Key}' is not the one the database '{_directory.Database}' is encrypted under", error.Message, StringComparison.Ordinal);
        Assert.Equal(before, await File.ReadAllBytesAsync(_directory.Database));
    }

    [Fact]
    public async Task A_key_file_that_is_named_has_to_be_there()
    {
        SqliteOptions options = new() { DataDirectory = _directory["new"], KeyEncryptionKeyFile = _directory["mounted-key"] };
        await Assert.ThrowsAsync<StoreOpenException>(() => OpenAsync(options));
        Assert.False(File.Exists(_directory["mounted-key"]));
        Assert.False(File.Exists(options.DatabasePath));

        File.Copy(_directory.Key, _directory["mounted-key"]);
        await (await OpenAsync(options)).DisposeAsync();
        Assert.False(File.Exists(Path.Combine(options.DataDirectory, "key-encryption-key")));
    }

    private Task<SqliteTrustStore> OpenAsync(SqliteOptions options) => SqliteTrustStore.OpenAsync(options, _log, None);

    private Task<int> ExecuteAsync(string sql) => _store.Database.WriteAsync(connection => connection.Execute(sql), None);

    private static void AssertAbsent(string[] files, params byte[][] secrets)
    {
        foreach (string file in files.Where(file => Path.GetFileName(file) != "lock"))
        {
            // The store holds the file open; a lock on it is released only through its own handle.
            byte[] content = ReadShared(file);
            foreach (byte[] secret in secrets)
            {
                AssertAbsent(secret, content, file);
            }
        }
    }

    private static void AssertAbsent(byte[] secret, byte[] content, string where)
    {
        byte[][] spellings =
        [
            secret,
            Encoding.ASCII.GetBytes(Convert.ToHexString(secret)),
            Encoding.ASCII.GetBytes(Convert.ToHexStringLower(secret)),
            .. Enumerable.Range(0, 3).Select(i => Base64(secret[i..])),
        ];
        foreach (byte[] spelling in spellings)
        {
            Assert.True(content.AsSpan().IndexOf(spelling) < 0, $"{where} holds the key");
        }

        // The last group of base64 depends on what follows.
        static byte[] Base64(byte[] bytes) => Encoding.ASCII.GetBytes(Convert.ToBase64String(bytes[..(bytes.Length / 3 * 3)]));
    }

    private static byte[] ReadShared(string file)
    {
        using FileStream stream = new(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        byte[] content = new byte[stream.Length];
        stream.ReadExactly(content);
        return content;
    }
}
