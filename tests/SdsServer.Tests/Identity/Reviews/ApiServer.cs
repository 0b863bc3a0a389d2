using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using SdsServer.Identity.Jwt;
using SdsServer.Identity.Reviews;
using SdsServer.Testing;
using SdsServer.Tests.Identity.Jwt;
using SdsServer.Tests.Xds;

namespace SdsServer.Tests.Identity.Reviews;

/// <summary>A reviewer whose API server answers as the test says.</summary>
internal sealed class ApiServer : IDisposable
{
    public ApiServer(Action<TokenReviewOptions>? change = null)
    {
        Issuer = TestIssuer.Checked(Options(change));
        Reviewer = new TokenReviewer(Issuer, Issuer.Review!, AnswerAsync, Time, Log);
    }

    public ManualTime Time { get; } = new(TestIssuer.Now) { IsMonotonic = true };

    public CapturedLog Log { get; } = new();

    public JwtIssuer Issuer { get; }

    public TokenReviewer Reviewer { get; }

    /// <summary>Tokens it was asked about, oldest first.</summary>
    public List<string> Asked { get; } = [];

    /// <summary>What it says; may throw.</summary>
    public Func<JsonObject> Answer { get; set; } = Good;

    /// <summary>Answers wait for it.</summary>
    public Task Gate { get; set; } = Task.CompletedTask;

    public static JwtIssuerOptions Options(Action<TokenReviewOptions>? change = null)
    {
        JwtIssuerOptions options = TestIssuer.Options(keysFile: "");
        options.BearerTokenFile = "/token";
        options.Kubernetes = true;
        options.Review = new TokenReviewOptions { Url = "https://kubernetes.default.svc" };
        change?.Invoke(options.Review);
        return options;
    }

    /// <summary>The status of a token that is good, as a real API server words it.</summary>
    public static JsonObject Good() => new()
    {
        ["authenticated"] = true,
        ["audiences"] = new JsonArray(TestIssuer.Audience),
        ["user"] = new JsonObject
        {
            ["username"] = "system:serviceaccount:shop:cart",
            ["uid"] = "u1",
            ["groups"] = new JsonArray("system:serviceaccounts", "system:serviceaccounts:shop", "system:authenticated"),
            ["extra"] = new JsonObject
            {
                ["authentication.kubernetes.io/credential-id"] = new JsonArray("JTI=1"),
                ["authentication.kubernetes.io/pod-name"] = new JsonArray("cart-1"),
                ["authentication.kubernetes.io/pod-uid"] = new JsonArray("p1"),
                ["authentication.kubernetes.io/node-name"] = new JsonArray("node-a"),
                ["authentication.kubernetes.io/node-uid"] = new JsonArray("n1"),
            },
        },
    };

    public async Task<ReviewedToken> AuthenticateAsync(string token, string address = "192.0.2.1") =>
        await Reviewer.AuthenticateAsync(token, CompactJws.Parse(token), address, default);

    public void Dispose()
    {
        Reviewer.Dispose();
        Log.Dispose();
    }

    private async Task<JsonElement> AnswerAsync(string token, CancellationToken cancellation)
    {
        lock (Asked)
        {
            Asked.Add(token);
        }

        await Gate;
        return StrictJson.ParseObject(Encoding.UTF8.GetBytes(Answer().ToJsonString()));
    }
}
