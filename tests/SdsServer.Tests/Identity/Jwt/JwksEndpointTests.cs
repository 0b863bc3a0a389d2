using System.Text.Json.Nodes;
using SdsServer.Identity.Jwt;
using SdsServer.Testing.Pki;
using SdsServer.Testing.Processes;

namespace SdsServer.Tests.Identity.Jwt;

/// <summary>Keys over real TLS.</summary>
public sealed class JwksEndpointTests : IAsyncLifetime, IDisposable
{
    private const string Discovery = "/.well-known/openid-configuration";
    private const string BearerToken = "t0ken-of-ours";

    private readonly TemporaryDirectory _directory = new("sdsserver-jwks");
    private readonly ScratchAuthority _authority = new("web");
    private TlsWeb _web = null!;
    private TlsWeb _other = null!;

    public async Task InitializeAsync()
    {
        (_web, _other) = (await TlsWeb.StartAsync(_authority), await TlsWeb.StartAsync(_authority));
        await File.WriteAllTextAsync(_directory.PathOf("ca.pem"), _authority.RootPem);
        _directory.WritePrivate("token", BearerToken + "\n");
        foreach (TlsWeb web in new[] { _web, _other })
        {
            web.Answers["/keys"] = (200, TestIssuer.Keys);
        }

        Announce(_web.Address, $"{_web.Address}/keys");
    }

    public async Task DisposeAsync()
    {
        await _web.DisposeAsync();
        await _other.DisposeAsync();
    }

    public void Dispose()
    {
        _authority.Dispose();
        _directory.Dispose();
    }

    [Fact]
    public async Task Keys_are_discovered_at_the_issuer()
    {
        Assert.Equal(TestIssuer.Keys, await ReadAsync());

        Assert.Equal([$"{Discovery} Bearer {BearerToken}", $"/keys Bearer {BearerToken}"], _web.Requests);
    }

    [Fact]
    public async Task The_bearer_token_does_not_go_where_the_discovery_document_points()
    {
        Announce(_web.Address, $"{_other.Address}/keys");

        Assert.Equal(TestIssuer.Keys, await ReadAsync());

        Assert.Equal(["/keys"], _other.Requests);
    }

    [Fact]
    public async Task A_URL_of_the_keys_is_asked_without_discovery()
    {
        Assert.Equal(TestIssuer.Keys, await ReadAsync(options => (options.Issuer, options.KeysUrl) = ("anything", $"{_web.Address}/keys")));

        Assert.Equal([$"/keys Bearer {BearerToken}"], _web.Requests);
    }

    [Fact]
    public async Task The_bearer_token_is_that_of_the_file_as_it_is_now()
    {
        JwtIssuer issuer = Issuer(options => (options.Issuer, options.KeysUrl) = ("anything", $"{_web.Address}/keys"));
        JwksEndpoint endpoint = new(issuer, TimeProvider.System);
        await endpoint.ReadAsync(default);
        await File.WriteAllTextAsync(_directory.PathOf("token"), "replaced");
        await endpoint.ReadAsync(default);

        Assert.Equal([$"/keys Bearer {BearerToken}", "/keys Bearer replaced"], _web.Requests);
    }

    // An issuer on the internet may be behind one; a cluster's own API server is not, and is shown a token.
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Only_without_a_bearer_token_is_there_a_proxy_of_the_environment(bool shown)
    {
        Assert.Equal(TestIssuer.Keys, await ReadAsync(options => options.BearerTokenFile = shown ? options.BearerTokenFile : ""));

        Assert.Equal(!shown, ProxyQuestions.About(_web.Address));
    }

    [Theory]
    [InlineData("is not that of issuer")]
    [InlineData("names no https URL", "http://localhost/keys")]
    [InlineData("names no https URL", "https://user@localhost/keys")]
    [InlineData("names no https URL", "/keys")]
    public async Task A_discovery_document_is_not_believed_blindly(string reason, string? keys = null)
    {
        Announce(keys is null ? "https://another.example" : _web.Address, keys ?? $"{_web.Address}/keys");

        await FailsAsync(reason);

        Assert.DoesNotContain(_web.Requests, request => request.StartsWith("/keys", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Redirects_are_not_followed()
    {
        _web.Answers["/keys"] = (302, $"{_other.Address}/keys");

        await FailsAsync("status 302, and redirects are not followed");

        Assert.Empty(_other.Requests);
    }

    [Fact]
    public async Task An_answer_has_an_end()
    {
        _web.Answers["/keys"] = (200, new string(' ', 300_000));

        await FailsAsync("buffer");
    }

    [Fact]
    public async Task A_server_that_the_CA_file_does_not_vouch_for_is_not_asked()
    {
        using ScratchAuthority stranger = new("stranger");
        await File.WriteAllTextAsync(_directory.PathOf("ca.pem"), stranger.RootPem);

        await FailsAsync("SSL");

        Assert.Empty(_web.Requests);
    }

    [Theory]
    [InlineData("")]
    [InlineData("a token\nX-Injected: yes")]
    public async Task A_token_file_with_anything_else_is_named_and_not_shown(string content)
    {
        await File.WriteAllTextAsync(_directory.PathOf("token"), content);

        string fault = await FailsAsync("holds no token");

        Assert.DoesNotContain("Injected", fault, StringComparison.Ordinal);
        Assert.Empty(_web.Requests);
    }

    [Theory]
    [InlineData("token", "606", "everybody may write it")]
    [InlineData("ca.pem", "602", "everybody may write it")]
    public async Task A_token_or_authorities_that_others_may_write_are_refused(string file, string mode, string reason)
    {
        File.SetUnixFileMode(_directory.PathOf(file), (UnixFileMode)Convert.ToInt32(mode, 8));

        await FailsAsync(reason);

        Assert.Empty(_web.Requests);
    }

    [Fact]
    public async Task A_file_that_is_too_long_is_no_token()
    {
        await File.WriteAllTextAsync(_directory.PathOf("token"), new string('x', 16 * 1024 + 1));

        await FailsAsync("too long for a token");

        Assert.Empty(_web.Requests);
    }

    [Fact]
    public async Task A_server_that_wants_a_token_is_told_from_others()
    {
        _web.Answers["/keys"] = (401, "");

        await FailsAsync("does it want a token (BearerTokenFile)?", options => options.BearerTokenFile = "");
    }

    [Theory]
    [InlineData("ca.pem")]
    [InlineData("token")]
    public async Task A_file_that_is_missing_is_named(string file)
    {
        File.Delete(_directory.PathOf(file));

        await FailsAsync(file);
    }

    private void Announce(string issuer, string keys) =>
        _web.Answers[Discovery] = (200, new JsonObject { ["issuer"] = issuer, ["jwks_uri"] = keys }.ToJsonString());

    private async Task<string> FailsAsync(string reason, Action<JwtIssuerOptions>? change = null)
    {
        IOException fault = await Assert.ThrowsAnyAsync<IOException>(() => ReadAsync(change));
        Assert.Contains(reason, fault.Message, StringComparison.OrdinalIgnoreCase);
        return fault.Message;
    }

    private Task<string> ReadAsync(Action<JwtIssuerOptions>? change = null) => new JwksEndpoint(Issuer(change), TimeProvider.System).ReadAsync(default);

    private JwtIssuer Issuer(Action<JwtIssuerOptions>? change)
    {
        JwtIssuerOptions options = TestIssuer.Options(keysFile: "");
        (options.Issuer, options.CaFile, options.BearerTokenFile) = (_web.Address, _directory.PathOf("ca.pem"), _directory.PathOf("token"));
        change?.Invoke(options);
        return TestIssuer.Checked(options);
    }
}
