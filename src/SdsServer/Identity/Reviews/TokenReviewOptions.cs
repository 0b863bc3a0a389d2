namespace SdsServer.Identity.Reviews;

/// <summary>How a Kubernetes API server judges the tokens of an issuer (<c>authentication.k8s.io/v1 TokenReview</c>).</summary>
public sealed class TokenReviewOptions
{
    /// <summary>https URL of the API server.</summary>
    public string Url { get; set; } = "";

    /// <summary>How long a good answer counts; then a token is judged again, also one that streams stand on.</summary>
    public TimeSpan MaxAge { get; set; } = TimeSpan.FromMinutes(2);

    /// <summary>Streams go on for so long beyond that when the API server cannot be asked.</summary>
    public TimeSpan OutageGrace { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>Reviews under way at once.</summary>
    public int AtOnce { get; set; } = 8;

    /// <summary>New tokens that are sent to be judged in a second.</summary>
    public int PerSecond { get; set; } = 100;

    /// <summary>Tokens that were refused which are sent in a second from one address.</summary>
    public int RefusedPerSecondPerAddress { get; set; } = 5;
}
