namespace SdsServer.Identity;

/// <summary>The <c>authorization</c> header of a call (RFC 6750 section 2.1), read in one way by all who take bearer tokens.</summary>
internal static class BearerHeader
{
    private const string Scheme = "Bearer ";

    /// <summary>The token; empty when the header holds anything else, which no token is; null when there is no header.</summary>
    public static string? Find(HttpContext http)
    {
        string header = http.Request.Headers.Authorization.ToString();
        return header.Length == 0 ? null
            : header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) ? header[Scheme.Length..].Trim()
            : "";
    }
}
