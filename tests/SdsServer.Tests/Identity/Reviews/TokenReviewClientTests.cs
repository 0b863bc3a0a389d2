using System.Text.Json;
using SdsServer.Identity.Jwt;
using SdsServer.Identity.Reviews;
using SdsServer.Testing;
using SdsServer.Testing.Pki;
using SdsServer.Testing.Processes;
using SdsServer.Tests.Identity.Jwt;

namespace SdsServer.Tests.Identity.Reviews;

/// <summary>Questions over real TLS, to a server that answers as no API server should.</summary>
public sealed class TokenReviewClientTests : IAsyncLifetime, IDisposable
{
    private const string Path = "/apis/authentication.k8s.io/v1/tokenreviews";
    private const string Good = """{"kind":"TokenReview","status":{"authenticated":true}}""";
    private const string Judged = "the.judged.token";

    private readonly TemporaryDirectory _directory = new("sdsserver-reviews");
    private readonly ScratchAuthority _authority = new("api");
    private readonly ManualTime _time = new(TestIssuer.Now) { IsMonotonic = true };
    private TlsWeb _web = null!;
    private TokenReviewClient _client = null!;

    public async Task InitializeAsync()
    {
        _web = await TlsWeb.StartAsync(_authority);
        await File.WriteAllTextAsync(_directory.PathOf("ca.pem"), _authority.RootPem);
        _directory.WritePrivate("token", "reviewer\n");
        JwtIssuerOptions options = ApiServer.Options(review => review.Url = _web.Address);
        (options.CaFile, options.BearerTokenFile) = (_directory.PathOf("ca.pem"), _directory.PathOf("token"));
        JwtIssuer issuer = TestIssuer.Checked(options);
        _client = new TokenReviewClient(issuer, issuer.Review!, _time);
        _web.Answers[Path] = (201, Good);
    }

    public Task DisposeAsync() => _web.DisposeAsync().AsTask();

    public void Dispose()
    {
        _client.Dispose();
        _authority.Dispose();
        _directory.Dispose();
    }

    [Fact]
    public async Task It_asks_as_its_own_service_account_by_the_token_in_the_file_as_it_is_now()
    {
        JsonElement status = await _client.ReviewAsync(Judged, default);
        await File.WriteAllTextAsync(_directory.PathOf("token"), "replaced");
        await _client.ReviewAsync(Judged, default);

        Assert.Equal(JsonValueKind.True, status.GetProperty("authenticated").ValueKind);
        Assert.Equal([$"{Path} Bearer reviewer", $"{Path} Bearer replaced"], _web.Requests);
    }

    [Fact]
    public async Task Kubernetes_replaces_the_token_by_turning_a_link()
    {
        Directory.CreateDirectory(_directory.PathOf("..1"));
        Directory.CreateDirectory(_directory.PathOf("..2"));
        _directory.WritePrivate("..1/token", "first");
        _directory.WritePrivate("..2/token", "second");
        File.Delete(_directory.PathOf("token"));
        Directory.CreateSymbolicLink(_directory.PathOf("..data"), "..1");
        File.CreateSymbolicLink(_directory.PathOf("token"), "..data/token");
        await _client.ReviewAsync(Judged, default);

        Directory.Delete(_directory.PathOf("..data"));
        Directory.CreateSymbolicLink(_directory.PathOf("..data"), "..2");
        await _client.ReviewAsync(Judged, default);

        Assert.Equal([$"{Path} Bearer first", $"{Path} Bearer second"], _web.Requests);
    }

    // A proxy would see the address, and could keep the question from the API server.
    [Fact]
    public async Task A_token_goes_by_no_proxy_of_the_environment()
    {
        await _client.ReviewAsync(Judged, default);

        Assert.Single(_web.Requests);
        Assert.False(ProxyQuestions.About(_web.Address));
    }

    [Theory]
    [InlineData(302, "https://localhost/x", "redirects are not followed")]
    [InlineData(401, "", "does not accept the token in BearerTokenFile")]
    [InlineData(403, "", "bind its service account to the ClusterRole system:auth-delegator")]
    [InlineData(404, "", "does Review:Url lead to an API server")]
    [InlineData(429, "", "too much to do")]
    [InlineData(500, Good, "status 500")]
    [InlineData(201, "{", "no JSON object")]
    [InlineData(201, "{}", "no TokenReview with a status")]
    [InlineData(201, """{"kind":"Status","status":"Failure"}""", "no TokenReview with a status")]
    [InlineData(201, """{"kind":"SubjectAccessReview","status":{"authenticated":true}}""", "no TokenReview with a status")]
    [InlineData(201, """{"kind":"TokenReview"}""", "no TokenReview with a status")]
    [InlineData(201, """{"kind":"TokenReview","status":{"authenticated":false,"authenticated":true}}""", "duplicate members")]
    public async Task Anything_else_is_no_answer_and_the_error_says_what_to_do(int status, string body, string reason)
    {
        _web.Answers[Path] = (status, body);

        IOException fault = await FailsAsync();

        Assert.Contains(reason, fault.Message, StringComparison.Ordinal);
        Assert.Single(_web.Requests);
    }

    [Fact]
    public async Task An_answer_has_an_end()
    {
        _web.Answers[Path] = (201, new string(' ', 200_000) + Good);

        Assert.Contains("buffer", (await FailsAsync()).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("token", "", "holds no token")]
    [InlineData("token", null, "token")]
    [InlineData("ca.pem", null, "ca.pem")]
    [InlineData("ca.pem", "", "SSL")]
    public async Task A_file_that_is_missing_or_empty_is_named_and_nothing_is_sent(string file, string? content, string reason)
    {
        File.Delete(_directory.PathOf(file));
        if (content is not null)
        {
            _directory.WritePrivate(file, content);
        }

        Assert.Contains(reason, (await FailsAsync()).Message, StringComparison.Ordinal);
        Assert.Empty(_web.Requests);
    }

    [Theory]
    [InlineData("token", "606", "everybody may write it")]
    [InlineData("ca.pem", "602", "everybody may write it")]
    public async Task A_token_or_authorities_that_others_may_write_are_refused_and_nothing_is_sent(string file, string mode, string reason)
    {
        File.SetUnixFileMode(_directory.PathOf(file), (UnixFileMode)Convert.ToInt32(mode, 8));

        Assert.Contains(reason, (await FailsAsync()).Message, StringComparison.Ordinal);
        Assert.Empty(_web.Requests);
    }

    [Fact]
    public async Task A_server_that_the_CA_file_does_not_vouch_for_is_sent_nothing_and_a_new_file_is_taken()
    {
        using ScratchAuthority stranger = new("stranger");
        await File.WriteAllTextAsync(_directory.PathOf("ca.pem"), stranger.RootPem);
        Assert.Contains("SSL", (await FailsAsync()).Message, StringComparison.Ordinal);
        Assert.Empty(_web.Requests);

        await File.WriteAllTextAsync(_directory.PathOf("ca.pem"), _authority.RootPem);
        _time.Advance(TimeSpan.FromSeconds(10));

        await _client.ReviewAsync(Judged, default);
    }

    private async Task<IOException> FailsAsync()
    {
        IOException fault = await Assert.ThrowsAnyAsync<IOException>(() => _client.ReviewAsync(Judged, default));
        Assert.DoesNotContain(Judged, fault.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("reviewer", fault.Message, StringComparison.Ordinal);
        return fault;
    }
}
