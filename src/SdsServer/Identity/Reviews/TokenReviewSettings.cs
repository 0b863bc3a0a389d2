using SdsServer.Identity.Jwt;

namespace SdsServer.Identity.Reviews;

/// <summary>A checked <see cref="TokenReviewOptions"/>.</summary>
internal sealed record TokenReviewSettings
{
    private const string Path = "/apis/authentication.k8s.io/v1/tokenreviews";
    private static readonly TimeSpan s_longestAge = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan s_longestGrace = TimeSpan.FromHours(1);

    private TokenReviewSettings(TokenReviewOptions options) =>
        (MaxAge, OutageGrace, AtOnce, PerSecond, RefusedPerSecondPerAddress) =
            (options.MaxAge, options.OutageGrace, options.AtOnce, options.PerSecond, options.RefusedPerSecondPerAddress);

    /// <summary>Where reviews are posted.</summary>
    public Uri Url { get; private init; } = new("https://invalid");

    public TimeSpan MaxAge { get; }

    public TimeSpan OutageGrace { get; }

    public int AtOnce { get; }

    public int PerSecond { get; }

    public int RefusedPerSecondPerAddress { get; }

    /// <summary>What the section means; what is wrong is reported.</summary>
    /// <param name="issuer">Whose section it is.</param>
    /// <param name="where">The issuer's path.</param>
    public static TokenReviewSettings Read(TokenReviewOptions options, JwtIssuerOptions issuer, string where, List<string> errors)
    {
        bool good = Uri.TryCreate(options.Url, UriKind.Absolute, out Uri? server) && JwksEndpoint.IsFit(server) && server is { Query.Length: 0, AbsolutePath: "/" };

        // Not repeated: it may hold a password.
        Require(good, "Review:Url", "must be the https URL of the API server, such as https://kubernetes.default.svc, without user, password, path and query");
        Require(issuer.KeysFile.Length == 0 && issuer.KeysUrl.Length == 0, "Review", "the API server judges the tokens, so leave out KeysFile and KeysUrl");
        Require(issuer.BearerTokenFile.Length > 0, "BearerTokenFile", "the API server asks who wants a token judged; name the file with the token of this server's own service account");
        Require(issuer.StreamGrace is null, "StreamGrace", "streams end with a token that is judged by the API server, give or take Skew; leave it out");
        Require(
            options.MaxAge >= TimeSpan.FromSeconds(1) && options.MaxAge <= s_longestAge,
            "Review:MaxAge", $"{options.MaxAge} must be between a second and {s_longestAge}: for so long a token counts whose service account is gone");
        Require(options.OutageGrace >= TimeSpan.Zero && options.OutageGrace <= s_longestGrace, "Review:OutageGrace", $"{options.OutageGrace} must not be negative, nor more than {s_longestGrace}");
        foreach ((string name, int value) in new[] { (nameof(AtOnce), options.AtOnce), (nameof(PerSecond), options.PerSecond), (nameof(RefusedPerSecondPerAddress), options.RefusedPerSecondPerAddress) })
        {
            Require(value >= 1, $"Review:{name}", $"{value} must be at least 1");
        }

        return new TokenReviewSettings(options) { Url = good ? new Uri(server!, Path) : new Uri("https://invalid") };

        void Require(bool holds, string name, string otherwise)
        {
            if (!holds)
            {
                errors.Add($"{where}:{name}: {otherwise}");
            }
        }
    }
}
