using Microsoft.Extensions.Logging.Abstractions;
using SdsServer.Hosting;
using SdsServer.Identity.X509;
using SdsServer.Testing.Processes;
using SdsServer.Tests.Identity.X509;

namespace SdsServer.Tests.Hosting;

/// <summary>What <c>--check-config</c> says of the files that settings name.</summary>
public sealed class ConfigurationFilesTests : IDisposable
{
    private const string Good = """[ { "id": "web", "selectors": [ "unix:uid:1000" ], "spiffeId": "spiffe://example.org/web" } ]""";

    private readonly TemporaryDirectory _directory = new("sdsserver-check");

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task Good_files_are_good()
    {
        await WriteAsync("registrations.json", Good);
        await WriteAsync("ca.pem", Forged.Authority("CN=Corp CA").Pem());

        await ConfigurationFiles.RequireGoodAsync(Settings(), TimeProvider.System, NullLogger.Instance, default);
        Assert.Equal(ExitCode.Ok, await CheckAsync());
    }

    [Theory]
    [InlineData("[ { ]", "it is no JSON")]
    [InlineData("""[ { "id": "web", "selectors": [ "unix:uid:1000" ], "spiffeId": "spiffe://other.org/web" } ]""", "'web': spiffeId")]
    [InlineData("""[ { "id": "web", "selectors": [], "spiffeId": "spiffe://example.org/web" } ]""", "'web': selectors")]
    [InlineData("""[ { "id": "web", "selektors": [ "unix:uid:1000" ], "spiffeId": "spiffe://example.org/web" } ]""", "selektors")]
    [InlineData(null, "registrations.json")]
    public async Task Registrations_that_cannot_be_used_are_an_error(string? json, string fault)
    {
        if (json is not null)
        {
            await WriteAsync("registrations.json", json);
        }

        await WriteAsync("ca.pem", "no certificate");
        ConfigurationErrorsException wrong = await Assert.ThrowsAsync<ConfigurationErrorsException>(
            () => ConfigurationFiles.RequireGoodAsync(Settings(), TimeProvider.System, NullLogger.Instance, default));

        // All that is wrong at once, as everywhere.
        Assert.Equal(2, wrong.Errors.Count);
        Assert.StartsWith("SdsServer:Registrations:File: '", wrong.Errors[0], StringComparison.Ordinal);
        Assert.Contains(fault, wrong.Errors[0], StringComparison.Ordinal);
        Assert.Contains("SdsServer:ClientCertificates:0", wrong.Errors[1], StringComparison.Ordinal);
        Assert.Equal(ExitCode.Configuration, await CheckAsync());
        Assert.False(Directory.Exists(_directory.PathOf("data")));
    }

    private ServerSettings Settings()
    {
        ServerOptions options = new() { DataDirectory = _directory.PathOf("data") };
        options.Registrations.File = _directory.PathOf("registrations.json");
        options.Xds.Tcp = "127.0.0.1:0";
        options.Xds.CertificateFile = options.Xds.KeyFile = _directory.PathOf("server.pem");
        options.ClientCertificates.Add(new ClientCertificateOptions { CaFile = _directory.PathOf("ca.pem"), Uri = "spiffe://corp.example/{service}", SpiffeId = "spiffe://{trustDomain}/{service}" });
        return ServerSettings.From(options);
    }

    private Task<int> CheckAsync() => ServerProgram.RunAsync(
        ["--check-config", $"--data={_directory.PathOf("data")}", $"--SdsServer:Registrations:File={_directory.PathOf("registrations.json")}"]);

    private Task WriteAsync(string name, string content) => File.WriteAllTextAsync(_directory.PathOf(name), content);
}
