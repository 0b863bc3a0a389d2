using Microsoft.Extensions.Logging.Abstractions;
using SdsServer.Admin.Operators;
using SdsServer.Hosting;
using SdsServer.Identity.Jwt;
using SdsServer.Identity.X509;
using SdsServer.Testing.Pki;
using SdsServer.Testing.Processes;
using SdsServer.Tests.Identity.Jwt;
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
    [InlineData("registrations.json", "604", null)]
    [InlineData("registrations.json", "666", "SdsServer:Registrations:File: ")]
    [InlineData("ca.pem", "666", "SdsServer:ClientCertificates:0: the authorities in ")]
    [InlineData("ca.crl", "666", "SdsServer:ClientCertificates:0: the revocation lists for ")]
    [InlineData("operators.pem", "664", null)]
    [InlineData("operators.pem", "666", "SdsServer:Admin:ClientCaFile: the authorities in ")]
    [InlineData("operators.crl", "666", "SdsServer:Admin:ClientCaFile: the revocation lists for ")]
    [InlineData("keys.json", "666", "SdsServer:JwtIssuers: the keys of ")]
    [InlineData("server.key", "400", null)]
    [InlineData("server.key", "644", "SdsServer:Xds:CertificateFile: the private key ")]
    [InlineData("admin.key", "644", "SdsServer:Admin:CertificateFile: the private key ")]
    [InlineData("token", "644", null)]
    [InlineData("token", "666", "SdsServer:JwtIssuers: BearerTokenFile: ")]
    public async Task A_file_that_others_may_write_or_a_secret_that_they_may_read_is_an_error(string file, string mode, string? error)
    {
        ServerSettings settings = await EveryFileAsync();
        File.SetUnixFileMode(_directory.PathOf(file), (UnixFileMode)Convert.ToInt32(mode, 8));

        if (error is null)
        {
            await ConfigurationFiles.RequireGoodAsync(settings, TimeProvider.System, NullLogger.Instance, default);
            return;
        }

        ConfigurationErrorsException wrong = await Assert.ThrowsAsync<ConfigurationErrorsException>(
            () => ConfigurationFiles.RequireGoodAsync(settings, TimeProvider.System, NullLogger.Instance, default));
        string only = Assert.Single(wrong.Errors);
        Assert.StartsWith(error, only, StringComparison.Ordinal);
        Assert.Matches($"Run: chmod .*{file}'$", only);
    }

    [Fact]
    public async Task A_token_need_not_be_there_yet()
    {
        ServerSettings settings = await EveryFileAsync();
        File.Delete(_directory.PathOf("token"));

        await ConfigurationFiles.RequireGoodAsync(settings, TimeProvider.System, NullLogger.Instance, default);
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

    private async Task<ServerSettings> EveryFileAsync()
    {
        Forged corp = Forged.Authority("CN=Corp CA"), operators = Forged.Authority("CN=Operators CA");
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        await WriteAsync("registrations.json", Good);
        await WriteAsync("ca.pem", corp.Pem());
        await WriteAsync("operators.pem", operators.Pem());
        await File.WriteAllBytesAsync(_directory.PathOf("ca.crl"), corp.RevocationList(now, now.AddDays(1)));
        await File.WriteAllBytesAsync(_directory.PathOf("operators.crl"), operators.RevocationList(now, now.AddDays(1)));
        await WriteAsync("keys.json", TestIssuer.Keys);
        _directory.WritePrivate("token", "a.b.c");
        WriteServing("admin");
        ServerOptions options = Options();
        options.ClientCertificates[0].CrlFiles.Add(_directory.PathOf("ca.crl"));
        (options.Admin.Tcp, options.Admin.ClientCaFile, options.Admin.ClientCrlFiles) = ("127.0.0.1:0", _directory.PathOf("operators.pem"), [_directory.PathOf("operators.crl")]);
        (options.Admin.CertificateFile, options.Admin.KeyFile) = (_directory.PathOf("admin.crt"), _directory.PathOf("admin.key"));
        options.Admin.Roles.Add(new OperatorRuleOptions { SpiffeId = "spiffe://corp.example/alice", Role = "viewer" });
        JwtIssuerOptions web = TestIssuer.Options(keysFile: "");
        (web.Issuer, web.BearerTokenFile) = ("https://web.example", _directory.PathOf("token"));
        options.JwtIssuers.AddRange([TestIssuer.Options(_directory.PathOf("keys.json")), web]);
        return ServerSettings.From(options);
    }

    private void WriteServing(string name)
    {
        using ScratchAuthority authority = new("server CA");
        (string chain, string key) = authority.Issue(dns: "localhost");
        _directory.WritePrivate($"{name}.crt", chain);
        _directory.WritePrivate($"{name}.key", key);
    }

    private ServerSettings Settings() => ServerSettings.From(Options());

    private ServerOptions Options()
    {
        WriteServing("server");
        ServerOptions options = new() { DataDirectory = _directory.PathOf("data") };
        options.Registrations.File = _directory.PathOf("registrations.json");
        options.Xds.Tcp = "127.0.0.1:0";
        (options.Xds.CertificateFile, options.Xds.KeyFile) = (_directory.PathOf("server.crt"), _directory.PathOf("server.key"));
        options.ClientCertificates.Add(new ClientCertificateOptions { CaFile = _directory.PathOf("ca.pem"), Uri = "spiffe://corp.example/{service}", SpiffeId = "spiffe://{trustDomain}/{service}" });
        return options;
    }

    private Task<int> CheckAsync() => ServerProgram.RunAsync(
        ["--check-config", $"--data={_directory.PathOf("data")}", $"--SdsServer:Registrations:File={_directory.PathOf("registrations.json")}"]);

    private Task WriteAsync(string name, string content) => File.WriteAllTextAsync(_directory.PathOf(name), content);
}
