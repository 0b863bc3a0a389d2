using SdsServer.Hosting;
using SdsServer.Identity.Jwt;
using SdsServer.Identity.Reviews;
using SdsServer.Testing;

namespace SdsServer.Tests.Identity.Reviews;

public sealed class TokenReviewSettingsTests
{
    public static TheoryData<string, Action<JwtIssuerOptions>> Refused => new()
    {
        { ":Review:Url: must be", options => options.Review!.Url = "" },
        { ":Review:Url: must be", options => options.Review!.Url = "http://kubernetes.default.svc" },
        { ":Review:Url: must be", options => options.Review!.Url = "https://user:password@kubernetes.default.svc" },
        { ":Review:Url: must be", options => options.Review!.Url = "https://kubernetes.default.svc/apis" },
        { ":Review:Url: must be", options => options.Review!.Url = "https://kubernetes.default.svc?x" },
        { ":Review: the API server judges", options => options.KeysFile = "/keys.json" },
        { ":Review: the API server judges", options => options.KeysUrl = "https://kubernetes.default.svc/openid/v1/jwks" },
        { ":BearerTokenFile:", options => options.BearerTokenFile = "" },
        { ":StreamGrace:", options => options.StreamGrace = TimeSpan.FromMinutes(5) },
        { ":Audiences: at least one", options => options.Audiences = [] },
        { ":Review:MaxAge:", options => options.Review!.MaxAge = TimeSpan.Zero },
        { ":Review:MaxAge:", options => options.Review!.MaxAge = TimeSpan.FromMinutes(11) },
        { ":Review:OutageGrace:", options => options.Review!.OutageGrace = TimeSpan.FromSeconds(-1) },
        { ":Review:OutageGrace:", options => options.Review!.OutageGrace = TimeSpan.FromHours(2) },
        { ":Review:AtOnce:", options => options.Review!.AtOnce = 0 },
        { ":Review:PerSecond:", options => options.Review!.PerSecond = 0 },
        { ":Review:RefusedPerSecondPerAddress:", options => options.Review!.RefusedPerSecondPerAddress = 0 },
    };

    [Theory]
    [MemberData(nameof(Refused))]
    public void Says_what_is_wrong_with_a_setting(string message, Action<JwtIssuerOptions> change)
    {
        JwtIssuerOptions issuer = ApiServer.Options();
        change(issuer);

        ConfigurationErrorsException wrong = Assert.Throws<ConfigurationErrorsException>(() => ServerSettings.From(new ServerOptions { JwtIssuers = [issuer] }));

        Assert.Contains(wrong.Errors, error => error.StartsWith($"SdsServer:JwtIssuers:0{message}", StringComparison.Ordinal));
        Assert.DoesNotContain(wrong.Errors, error => error.Contains("password@", StringComparison.Ordinal));
    }

    [Fact]
    public void An_issuer_whose_tokens_are_judged_needs_no_address_of_keys()
    {
        JwtIssuerOptions options = ApiServer.Options();
        options.Issuer = "kubernetes/serviceaccount";

        JwtIssuer issuer = Assert.Single(ServerSettings.From(new ServerOptions { JwtIssuers = [options] }).JwtIssuers);

        Assert.Equal("https://kubernetes.default.svc/apis/authentication.k8s.io/v1/tokenreviews", issuer.Review!.Url.ToString());
        Assert.Null(issuer.Url);
    }

    [Fact]
    public void The_page_names_every_setting()
    {
        string page = File.ReadAllText(Path.Combine(RepositoryRoot.Path, "docs", "configuration.md"));

        Assert.All(typeof(TokenReviewOptions).GetProperties(), setting => Assert.Contains($"`JwtIssuers:*:Review:{setting.Name}`", page, StringComparison.Ordinal));
    }
}
