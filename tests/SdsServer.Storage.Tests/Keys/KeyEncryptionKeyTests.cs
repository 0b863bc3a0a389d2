using System.Security.Cryptography;
using System.Text;
using SdsServer.Storage.Keys;
using SdsServer.Storage.Tests.Sqlite;

namespace SdsServer.Storage.Tests.Keys;

public sealed class KeyEncryptionKeyTests : IDisposable
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private static readonly byte[] Key = RandomNumberGenerator.GetBytes(32);

    private readonly TemporaryDirectory _directory = new();

    public static TheoryData<string, byte[]> Spellings => new()
    {
        { "raw", Key },
        { "hex", Encoding.ASCII.GetBytes(Convert.ToHexStringLower(Key)) },
        { "HEX with line end", Encoding.ASCII.GetBytes(Convert.ToHexString(Key) + "\r\n") },
        { "base64", Encoding.ASCII.GetBytes(Convert.ToBase64String(Key)) },
        { "base64 with line end", Encoding.ASCII.GetBytes(Convert.ToBase64String(Key) + "\n") },
    };

    public static TheoryData<string, byte[]> NoKeys => new()
    {
        { "empty", [] },
        { "short", Key[..31] },
        { "long", [.. Key, 1] },
        { "raw with line end", [.. Key, (byte)'\n'] },
        { "half a key in hex", Encoding.ASCII.GetBytes(Convert.ToHexString(Key[..16])) },
        { "hex with a wrong digit", Encoding.ASCII.GetBytes(Convert.ToHexString(Key)[..63] + "g") },
        { "base64 of 31 bytes", Encoding.ASCII.GetBytes(Convert.ToBase64String(Key[..31])) },
        { "base64 of 33 bytes", Encoding.ASCII.GetBytes(Convert.ToBase64String([.. Key, 1])) },
        { "very long", new byte[5_000] },
    };

    public void Dispose() => _directory.Dispose();

    [Theory]
    [MemberData(nameof(Spellings))]
    public void The_key_is_read_raw_or_as_text(string spelling, byte[] content)
    {
        using KeyEncryptionKey raw = KeyEncryptionKey.FromFile(Write("raw", Key));
        using KeyEncryptionKey read = KeyEncryptionKey.FromFile(Write(spelling, content));
        Assert.Equal(raw.CheckValue([1, 2]), read.CheckValue([1, 2]));
    }

    [Theory]
    [MemberData(nameof(NoKeys))]
    public void Anything_else_is_refused_and_never_shown(string what, byte[] content)
    {
        string path = Write(what, content);
        StoreOpenException error = Assert.Throws<StoreOpenException>(() => KeyEncryptionKey.FromFile(path));
        Assert.Contains($"'{path}' does not hold a key", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(Convert.ToHexString(Key)[..16], error.ToString(), StringComparison.OrdinalIgnoreCase);
    }

    [Theory]
    [InlineData(UnixFileMode.GroupWrite)]
    [InlineData(UnixFileMode.GroupExecute)]
    [InlineData(UnixFileMode.GroupRead | UnixFileMode.GroupWrite)]
    [InlineData(UnixFileMode.OtherRead)]
    [InlineData(UnixFileMode.OtherWrite)]
    [InlineData(UnixFileMode.OtherExecute)]
    public void A_file_that_is_open_to_others_is_refused(UnixFileMode extra)
    {
        string path = Write("key", Key);
        File.SetUnixFileMode(path, OwnerOnly | extra);
        string message = Assert.Throws<StoreOpenException>(() => KeyEncryptionKey.FromFile(path)).Message;
        Assert.Matches($"'{path}' has mode 06[0-7][0-7]; .* Run: chmod (600|440) '{path}'$", message);
    }

    [Theory]
    [InlineData(UnixFileMode.UserRead | UnixFileMode.GroupRead)]
    [InlineData(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead)]
    public void A_file_that_the_group_of_this_process_may_read_is_taken(UnixFileMode mode)
    {
        string path = Write("key", Key);
        File.SetUnixFileMode(path, mode);
        KeyEncryptionKey.FromFile(path).Dispose();
    }

    [Fact]
    public void A_link_to_a_file_that_is_open_to_others_is_refused()
    {
        string path = Write("key", Key);
        File.SetUnixFileMode(path, OwnerOnly | UnixFileMode.OtherRead);
        File.CreateSymbolicLink(_directory["link"], path);
        Assert.Throws<StoreOpenException>(() => KeyEncryptionKey.FromFile(_directory["link"]));
    }

    [Fact]
    public void A_file_its_owner_may_only_read_is_taken()
    {
        string path = Write("key", Key);
        File.SetUnixFileMode(path, UnixFileMode.UserRead);
        KeyEncryptionKey.FromFile(path).Dispose();
    }

    [Fact]
    public void A_missing_file_or_a_directory_is_refused()
    {
        StoreOpenException error = Assert.Throws<StoreOpenException>(() => KeyEncryptionKey.FromFile(_directory["none"]));
        Assert.Contains("cannot be read", error.Message, StringComparison.Ordinal);
        Directory.CreateDirectory(_directory["directory"]);
        Assert.Throws<StoreOpenException>(() => KeyEncryptionKey.FromFile(_directory["directory"]));
    }

    [Fact]
    public void A_new_key_is_written_for_its_owner_only_and_never_over_another()
    {
        using KeyEncryptionKey made = KeyEncryptionKey.CreateFile(_directory["key"]);
        using KeyEncryptionKey read = KeyEncryptionKey.FromFile(_directory["key"]);
        Assert.Equal(made.CheckValue([3]), read.CheckValue([3]));
        Assert.Equal(OwnerOnly, File.GetUnixFileMode(_directory["key"]));

        byte[] before = File.ReadAllBytes(_directory["key"]);
        Assert.Throws<StoreOpenException>(() => KeyEncryptionKey.CreateFile(_directory["key"]));
        Assert.Equal(before, File.ReadAllBytes(_directory["key"]));
    }

    private string Write(string name, byte[] content)
    {
        string path = _directory[name];
        File.WriteAllBytes(path, content);
        File.SetUnixFileMode(path, OwnerOnly);
        return path;
    }
}
