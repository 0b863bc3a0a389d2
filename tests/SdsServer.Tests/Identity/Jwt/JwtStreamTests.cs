using System.Text.Json.Nodes;
using SdsServer.Core.Fleet;
using SdsServer.Grpc;
using SdsServer.Identity.Jwt;
using SdsServer.Testing;
using SdsServer.Testing.Processes;
using SdsServer.Tests.Xds;
using static SdsServer.Tests.Identity.Jwt.TestIssuer;

namespace SdsServer.Tests.Identity.Jwt;

/// <summary>Tokens over the real wire: what a caller sees.</summary>
public sealed class JwtStreamTests : IDisposable
{
    private const string Refused = "the bearer token is unknown, expired or deleted";

    private readonly TemporaryDirectory _directory = new("sdsserver-jwt");
    private readonly ManualTime _time = new(Now);

    private static readonly Dictionary<string, Func<string>> Attacks = new()
    {
        ["none"] = () => Signed(Header("none").ToJsonString(), Claims().ToJsonString(), _ => []),
        ["HS256 with the public key as its secret"] = () => Signed(
            Header("HS256").ToJsonString(), Claims().ToJsonString(), data => System.Security.Cryptography.HMACSHA256.HashData(System.Text.Encoding.UTF8.GetBytes(RsaPublicPem), data)),
        ["wrong audience"] = () => Token(claims => claims["aud"] = "another"),
        ["no audience"] = () => Token(claims => claims.Remove("aud")),
        ["wrong issuer"] = () => Token(claims => claims["iss"] = OtherName),
        ["expired"] = () => Token(claims => claims["exp"] = Now.AddMinutes(-2).ToUnixTimeSeconds()),
        ["not yet valid"] = () => Token(claims => claims["nbf"] = Now.AddMinutes(2).ToUnixTimeSeconds()),
        ["no end"] = () => Token(claims => claims.Remove("exp")),
        ["unknown key"] = () => Token(header: header => header["kid"] = "another"),
        ["signed by a stranger"] = () => Signed(Header().ToJsonString(), Claims().ToJsonString(), Strangers),
        ["swapped payload"] = () => string.Join('.', Token().Split('.') is var parts ? [parts[0], Base64(Claims().ToJsonString().Replace("cart", "root", StringComparison.Ordinal)), parts[2]] : []),
        ["padding"] = () => Token() + "==",
        ["a path in a claim"] = () => Token(claims => Kubernetes(claims)["serviceaccount"] = new JsonObject { ["name"] = "../../admin" }),
        ["another namespace"] = () => Token(claims => Kubernetes(claims)["namespace"] = "kube-system"),
        ["two dots and nothing else"] = () => "..",
        ["four parts"] = () => Token() + ".AAAA",
        ["an unknown token of ours"] = () => Core.Access.TokenText.Create("own").Text,
        ["nothing"] = () => "x",
    };

    public static TheoryData<string> Names => [.. Attacks.Keys];

    public void Dispose() => _directory.Dispose();

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Every_refusal_looks_the_same(string attack)
    {
        await using JwtServer server = await StartAsync();

        foreach (Transport transport in Enum.GetValues<Transport>())
        {
            Status status = await server.RefusesAsync(Attacks[attack](), transport);
            Assert.Equal((StatusCode.Unauthenticated, Refused), (status.Code, status.Detail));
        }

        Assert.Empty(server.Fleet.Events);
    }

    [Theory]
    [InlineData(8 * 1024)]
    [InlineData(CompactJws.MaxLength)]
    public async Task A_long_token_comes_in(int length)
    {
        await using JwtServer server = await StartAsync();
        string token = Long(length);
        Assert.InRange(token.Length, length - 4, length);

        Assert.Equal("spiffe://example.org/ns/shop/sa/cart", (await server.WhoIsAsync(token)).SpiffeId);
    }

    [Fact]
    public async Task A_token_that_is_longer_than_a_header_may_be_does_not_come_in()
    {
        await using JwtServer server = await StartAsync();

        // The listener closes the connection; how the client words that is its own. Nobody has looked at the token.
        Assert.NotEqual(StatusCode.OK, (await server.RefusesAsync(Long(CompactJws.MaxLength + 256))).Code);

        Assert.DoesNotContain(server.Log.Lines, line => line.Id == 6001);
        Assert.Empty(server.Fleet.Events);
        await server.WhoIsAsync(Token());
    }

    // Three bytes are four letters.
    private static string Long(int length) => Token(claims => claims["pad"] = new string('x', (length - Token(other => other["pad"] = "").Length) / 4 * 3));

    [Fact]
    public async Task A_good_token_names_its_workload_and_tokens_of_ours_work_beside_it()
    {
        await using JwtServer server = await StartAsync(options => (options.DnsNames, options.BundleOnly) = (["{/kubernetes.io/serviceaccount/name}.shop.svc"], true));

        Workload workload = await server.WhoIsAsync(Token());

        Assert.Equal(("spiffe://example.org/ns/shop/sa/cart", "cart.shop.svc", true), (workload.SpiffeId, Assert.Single(workload.DnsNames), workload.BundleOnly));
        Assert.Equal("spiffe://example.org/own", (await server.WhoIsAsync(server.OwnToken)).SpiffeId);
    }

    [Fact]
    public async Task Where_the_issuer_names_nobody_registrations_do()
    {
        await using JwtServer server = await StartAsync(options => (options.SpiffeId, options.Kubernetes) = ("", true));
        Status nobody = await server.RefusesAsync(Token());
        Assert.Equal((StatusCode.Unauthenticated, Refused), (nobody.Code, nobody.Detail));
        Assert.Contains(server.Log.Lines, line => line.Id == 6401 && line.Text.Contains("k8s:ns:shop, k8s:sa:cart", StringComparison.Ordinal));

        await server.Registrations.SetFileAsync(
            [new() { Id = "shop", Selectors = [$"jwt:iss:{Options().Issuer}", "k8s:ns:shop"], SpiffeId = "spiffe://{trustDomain}/pods/{k8s:sa}" }], default);

        Assert.Equal("spiffe://example.org/pods/cart", (await server.WhoIsAsync(Token())).SpiffeId);
        foreach (string name in (string[])["../../admin", "..", "a/b", "", "cаrt"])
        {
            Status refused = await server.RefusesAsync(Token(claims => Kubernetes(claims)["serviceaccount"] = new JsonObject { ["name"] = name }));
            Assert.Equal((StatusCode.Unauthenticated, Refused), (refused.Code, refused.Detail));
        }
    }

    [Fact]
    public async Task A_token_that_names_an_id_is_that_id_whatever_is_registered_for_its_claims()
    {
        await using JwtServer server = await StartAsync(options => options.Kubernetes = true);
        await server.Registrations.SetFileAsync(
            [
                new() { Id = "admin", Selectors = ["k8s:ns:shop", "k8s:sa:cart"], SpiffeId = "spiffe://example.org/admin" },
                new() { Id = "narrow", Selectors = ["k8s:ns:shop"], SpiffeId = "spiffe://{trustDomain}/ns/{k8s:ns}/sa/{k8s:sa}", SecretNames = ["roots/unset"] },
            ], default);

        Workload cart = await server.WhoIsAsync(Token());

        Assert.Equal(("spiffe://example.org/ns/shop/sa/cart", "roots/unset"), (cart.SpiffeId, Assert.Single(cart.SecretNames)));
    }

    [Theory]
    [InlineData(null, 60)]
    [InlineData(300, 300)]
    public async Task A_stream_ends_after_its_token_and_a_fresh_one_opens_the_next(int? grace, int seconds)
    {
        await using JwtServer server = await StartAsync(options => options.StreamGrace = grace is { } given ? TimeSpan.FromSeconds(given) : null);
        server.Fleet.Set("roots/a", TestSecrets.Bundle(1));
        await using XdsStream stream = server.Open(Token());
        await stream.SubscribeAsync("roots/a");
        await stream.ReadAndAckAsync();

        // A second before its end it still is served.
        _time.Advance(TimeSpan.FromSeconds(3600 + seconds - 1));
        server.Fleet.Set("roots/a", TestSecrets.Bundle(2));
        await stream.ReadAndAckAsync();
        _time.Advance(TimeSpan.FromSeconds(1));

        // The clock may have moved while the stream was setting its timer.
        server.Fleet.Set("roots/a", TestSecrets.Bundle(3));

        Assert.Equal(StatusCode.Unauthenticated, (await stream.StatusAsync()).Code);
        Assert.Equal(StatusCode.Unauthenticated, (await server.RefusesAsync(Token())).Code);
        string fresh = Signed(Header().ToJsonString(), Claims(_time.GetUtcNow()).ToJsonString(), data => Sign(data, "RS256", "rsa"));
        Assert.Equal("spiffe://example.org/ns/shop/sa/cart", (await server.WhoIsAsync(fresh)).SpiffeId);
    }

    private async Task<JwtServer> StartAsync(Action<JwtIssuerOptions>? change = null)
    {
        string file = _directory.PathOf("keys.json");
        await File.WriteAllTextAsync(file, Keys);
        JwtIssuerOptions options = Options(file);
        change?.Invoke(options);
        return await JwtServer.StartAsync(options, _time);
    }
}
