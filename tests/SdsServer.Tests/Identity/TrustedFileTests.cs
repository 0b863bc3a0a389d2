using SdsServer.Identity;
using SdsServer.Testing.Processes;

namespace SdsServer.Tests.Identity;

/// <summary>Whose writing says who is who.</summary>
public sealed class TrustedFileTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new("sdsserver-trusted");

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData("600")]
    [InlineData("444")]
    [InlineData("664")]
    public void One_that_the_owner_or_the_group_may_write_is_read(string mode) => Assert.Equal("who"u8.ToArray(), TrustedFile.Read(Written(mode)));

    [Theory]
    [InlineData("602")]
    [InlineData("646")]
    [InlineData("666")]
    public void One_that_everybody_may_write_is_not(string mode)
    {
        string path = Written(mode);
        string error = Assert.Throws<UnauthorizedAccessException>(() => TrustedFile.Read(path)).Message;
        Assert.EndsWith($"Run: chmod o-w '{path}'", error, StringComparison.Ordinal);

        // What counts is the file, and not the link that leads to it.
        File.CreateSymbolicLink(_directory.PathOf("link"), path);
        Assert.Throws<UnauthorizedAccessException>(() => TrustedFile.Read(_directory.PathOf("link")));
    }

    private string Written(string mode)
    {
        string path = _directory.WritePrivate("file", "who");
        File.SetUnixFileMode(path, (UnixFileMode)Convert.ToInt32(mode, 8));
        return path;
    }
}
