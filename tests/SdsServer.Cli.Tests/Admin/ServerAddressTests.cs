using SdsServer.Cli.Admin;

namespace SdsServer.Cli.Tests.Admin;

public sealed class ServerAddressTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("sdsctl");

    [Fact]
    public void The_flag_wins() => Assert.Equal("http://a:1", ServerAddress.Choose("http://a:1", Host("http://b:2", socket: true)));

    [Fact]
    public void Then_the_environment() => Assert.Equal("http://b:2", ServerAddress.Choose(null, Host("http://b:2", socket: true)));

    [Fact]
    public void Then_the_server_started_here() =>
        Assert.Equal($"unix://{_folder.FullName}/sdsserver-data/admin.sock", ServerAddress.Choose(null, Host(null, socket: true)));

    [Fact]
    public void Else_the_installed_one() => Assert.Equal("unix:///run/sdsserver/admin.sock", ServerAddress.Choose(null, Host("", socket: false)));

    public void Dispose() => _folder.Delete(recursive: true);

    private CliHost Host(string? variable, bool socket)
    {
        if (socket)
        {
            File.WriteAllText(Path.Combine(_folder.CreateSubdirectory("sdsserver-data").FullName, "admin.sock"), "");
        }

        return new CliHost { Out = TextWriter.Null, Error = TextWriter.Null, In = TextReader.Null, Directory = _folder.FullName, Environment = name => name == "SDSCTL_SERVER" ? variable : null };
    }
}
