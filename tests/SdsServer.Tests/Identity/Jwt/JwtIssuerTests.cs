using System.Text;
using Microsoft.Extensions.Configuration;
using SdsServer.Core.Fleet;
using SdsServer.Core.Pki;
using SdsServer.Hosting;
using SdsServer.Identity.Jwt;
using SdsServer.Testing;

namespace SdsServer.Tests.Identity.Jwt;

/// <summary>Settings of an issuer, and what its claims become.</summary>
public sealed class JwtIssuerTests
{
    public static TheoryData<string, Action<JwtIssuerOptions>> Refused => new()
    {
        { ":Issuer: what tokens say", options => options.Issuer = "" },
        { ":Audiences: at least one", options => options.Audiences = [] },
        { ":Audiences: at least one", options => options.Audiences = [""] },
        { "'none' is not one of", options => options.Algorithms = ["none"] },
        { "'HS256' is not one of", options => options.Algorithms = ["HS256"] },
        { "SpiffeId: 'spiffe://other.org/a' must be", options => options.SpiffeId = "spiffe://other.org/a" },
        { "SpiffeId: without it only registrations", options => (options.SpiffeId, options.DnsNames) = ("", ["web.example"]) },
        { "must be a workload of this trust domain", options => options.SpiffeId = "spiffe://{trustDomain}" },
        { "must be a workload of this trust domain", options => options.SpiffeId = "spiffe://{/sub}/a" },
        { "neither {trustDomain} nor a claim", options => options.SpiffeId = "spiffe://{trustDomain}/{kubernetes.io.namespace}" },
        { "neither {trustDomain} nor a claim", options => options.SpiffeId = "spiffe://{trustDomain}/{/a~2}" },
        { "neither {trustDomain} nor a claim", options => options.SpiffeId = "spiffe://{trustDomain}/{/a//b}" },
        { "'{' without its '}'", options => options.SpiffeId = "spiffe://{trustDomain}/{/a" },
        { "'}' without its '{'", options => options.SpiffeId = "spiffe://{trustDomain}/a}" },
        { "could make one name", options => options.SpiffeId = "spiffe://{trustDomain}/{/a}-{/b}" },
        { "could make one name", options => options.DnsNames = ["{/a}-{/b}.example.org"] },
        { "DnsNames", options => options.DnsNames = ["*.{/a}.example.org"] },
        { "no claim such as", options => options.Required = [new RequiredClaimOptions { Claim = "namespace", Values = ["a"] }] },
        { "needs Values", options => options.Required = [new RequiredClaimOptions { Claim = "/namespace" }] },
        { "leave out KeysUrl", options => options.KeysUrl = "https://issuer.example/keys" },
        { "leave out KeysUrl", options => options.BearerTokenFile = "/token" },
        { ":Issuer: the keys are fetched from there", options => (options.KeysFile, options.Issuer) = ("", "http://issuer.example") },
        { ":Issuer: the keys are fetched from there", options => (options.KeysFile, options.Issuer) = ("", "kubernetes/serviceaccount") },
        { ":KeysUrl: the keys are fetched from there", options => (options.KeysFile, options.KeysUrl) = ("", "https://user:password@issuer.example/keys") },
        { ":Skew:", options => options.Skew = TimeSpan.FromSeconds(-1) },
        { ":Skew:", options => options.Skew = TimeSpan.FromHours(1) },
        { "at least Skew", options => options.StreamGrace = TimeSpan.FromSeconds(59) },
        { ":MaxLifetime:", options => options.MaxLifetime = TimeSpan.Zero },
        { ":UnknownKeyInterval:", options => options.UnknownKeyInterval = TimeSpan.Zero },
        { ":KeysRefresh:", options => options.KeysRefresh = TimeSpan.Zero },
        { ":MaxKeyAge:", options => (options.KeysRefresh, options.MaxKeyAge) = (TimeSpan.FromHours(2), TimeSpan.FromHours(1)) },
    };

    [Theory]
    [MemberData(nameof(Refused))]
    public void Says_what_is_wrong_with_a_setting(string message, Action<JwtIssuerOptions> change)
    {
        JwtIssuerOptions issuer = TestIssuer.Options();
        change(issuer);

        ConfigurationErrorsException wrong = Assert.Throws<ConfigurationErrorsException>(() => ServerSettings.From(new ServerOptions { JwtIssuers = [issuer] }));

        Assert.Contains(wrong.Errors, error => error.StartsWith("SdsServer:JwtIssuers:0:", StringComparison.Ordinal) && error.Contains(message, StringComparison.Ordinal));
        Assert.DoesNotContain(wrong.Errors, error => error.Contains("password@", StringComparison.Ordinal));
    }

    [Fact]
    public void An_issuer_has_one_entry()
    {
        ServerOptions options = new() { JwtIssuers = [TestIssuer.Options(), TestIssuer.Options()] };

        Assert.Contains("join them", Assert.Throws<ConfigurationErrorsException>(() => ServerSettings.From(options)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Reads_the_list_as_the_environment_writes_it()
    {
        IConfigurationRoot configuration = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["SdsServer:JwtIssuers:0:Issuer"] = "https://issuer.example",
            ["SdsServer:JwtIssuers:0:Audiences:0"] = "sds",
            ["SdsServer:JwtIssuers:0:SpiffeId"] = "spiffe://{trustDomain}/{/sub}",
            ["SdsServer:JwtIssuers:0:Required:0:Claim"] = "/kubernetes.io/namespace",
            ["SdsServer:JwtIssuers:0:Required:0:Values:0"] = "shop",
            ["SdsServer:JwtIssuers:0:StreamGrace"] = "00:05:00",
        }).Build();

        JwtIssuer issuer = Assert.Single(ServerSettings.Read(configuration.GetSection("SdsServer")).JwtIssuers);

        Assert.Equal((new Uri("https://issuer.example"), true), (issuer.Url, issuer.IsDiscovered));
        Assert.Equal(TimeSpan.FromMinutes(5), issuer.StreamGrace);
        Assert.Equal("/kubernetes.io/namespace", Assert.Single(issuer.Required).Claim.ToString());
    }

    [Theory]
    [InlineData("spiffe://{trustDomain}/one", "spiffe://example.org/one")]
    [InlineData("spiffe://{trustDomain}/ci/{/repository~1name}", "spiffe://example.org/ci/shop")]
    [InlineData("spiffe://example.org/t/{/tilde~0name}", "spiffe://example.org/t/wave")]
    [InlineData("spiffe://{trustDomain}/app-{/deep/er.est/name}-x", "spiffe://example.org/app-web.1_A-x")]
    public void Claims_fill_the_template(string template, string id)
    {
        JwtIssuerOptions options = TestIssuer.Options();
        (options.SpiffeId, options.Required, options.BundleOnly) = (template, [], true);

        Workload workload = TestIssuer.Checked(options).Identify(Claims())!;

        Assert.Equal((id, true), (workload.SpiffeId, workload.BundleOnly));
    }

    // Directly: what the template let pass could still fail as an ID, which must not be what it relies on.
    [Theory]
    [InlineData("")]
    [InlineData(".")]
    [InlineData("..")]
    [InlineData("a/b")]
    [InlineData("c\u0430rt")]
    public void A_value_that_is_no_segment_does_not_fill_the_template(string value)
    {
        ClaimTemplate template = ClaimTemplate.ForSpiffeId("spiffe://{trustDomain}/{/sub}", "example.org");

        JwtRefusedException refused = Assert.Throws<JwtRefusedException>(() => template.Fill(System.Text.Json.JsonSerializer.SerializeToElement(new { sub = value })));

        Assert.Equal(JwtRefusal.ClaimUnfit, refused.Refusal);
    }

    [Fact]
    public void A_label_of_a_DNS_name_is_one_label()
    {
        JwtIssuerOptions options = TestIssuer.Options();
        (options.SpiffeId, options.Required, options.DnsNames) = ("spiffe://{trustDomain}/one", [], ["{/repository~1name}.shop.svc"]);
        Assert.Equal("shop.shop.svc", Assert.Single(TestIssuer.Checked(options).Identify(Claims())!.DnsNames));

        options.DnsNames = ["{/deep/er.est/name}.shop.svc"];
        Assert.Equal(JwtRefusal.ClaimUnfit, Assert.Throws<JwtRefusedException>(() => TestIssuer.Checked(options).Identify(Claims())).Refusal);
        options.DnsNames = ["{/hyphen}.shop.svc"];
        Assert.Equal(JwtRefusal.ClaimUnfit, Assert.Throws<JwtRefusedException>(() => TestIssuer.Checked(options).Identify(Claims())).Refusal);
    }

    [Fact]
    public void Only_the_cluster_that_is_named_speaks_of_namespaces()
    {
        VerifiedJwt pod = new(StrictJson.ParseObject("""{"sub":"system:serviceaccount:shop:cart","kubernetes.io":{"namespace":"shop","serviceaccount":{"name":"cart"}}}"""u8.ToArray()), TestIssuer.Now);
        JwtIssuerOptions options = TestIssuer.Options();
        Assert.Equal([$"jwt:iss:{options.Issuer}", "jwt:sub:system:serviceaccount:shop:cart"], Texts(pod));

        options.Kubernetes = true;
        Assert.Equal([$"jwt:iss:{options.Issuer}", "jwt:sub:system:serviceaccount:shop:cart", "k8s:ns:shop", "k8s:sa:cart"], Texts(pod));
        Assert.Equal([$"jwt:iss:{options.Issuer}"], Texts(new VerifiedJwt(StrictJson.ParseObject("""{"sub":["a"],"kubernetes.io":{"namespace":7}}"""u8.ToArray()), TestIssuer.Now)));

        IEnumerable<string> Texts(VerifiedJwt token) => TestIssuer.Checked(options).SelectorsOf(token).Select(selector => selector.ToString());
    }

    [Fact]
    public void One_cluster_is_named_at_most()
    {
        (JwtIssuerOptions one, JwtIssuerOptions two) = (TestIssuer.Options(), TestIssuer.Options());
        (one.Kubernetes, two.Kubernetes, two.Issuer) = (true, true, "https://another.example");

        ServerOptions options = new() { JwtIssuers = [one, two] };

        Assert.Contains("more than one is marked Kubernetes", Assert.Throws<ConfigurationErrorsException>(() => ServerSettings.From(options)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_a_template_its_tokens_name_nobody_and_what_is_required_is_required_all_the_same()
    {
        JwtIssuerOptions options = TestIssuer.Options();
        (options.SpiffeId, options.DnsNames, options.Required) = ("", [], []);
        Assert.Null(TestIssuer.Checked(options).Identify(Claims()));

        options.Required = [new RequiredClaimOptions { Claim = "/hyphen", Values = ["b"] }];
        Assert.Throws<JwtRefusedException>(() => TestIssuer.Checked(options).Identify(Claims()));
    }

    [Fact]
    public void The_page_names_every_setting_of_an_issuer()
    {
        string page = File.ReadAllText(Path.Combine(RepositoryRoot.Path, "docs", "configuration.md"));

        Assert.All(typeof(JwtIssuerOptions).GetProperties(), setting => Assert.Contains($"`JwtIssuers:*:{setting.Name}`", page, StringComparison.Ordinal));
    }

    private static VerifiedJwt Claims() => new(StrictJson.ParseObject(Encoding.UTF8.GetBytes(
        """{"repository/name":"shop","tilde~name":"wave","hyphen":"-a","deep":{"er.est":{"name":"web.1_A"}}}""")), TestIssuer.Now);
}
