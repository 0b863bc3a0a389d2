namespace SdsServer.Identity;

/// <summary>The <c>authorization</c> header of a call (RFC 6750 section 2.1), read in one way by all who take bearer tokens.</summary>
internal static class BearerHeader
{
    private const string Scheme = "Bearer ";

    /// <summary>The token; empty when the header holds anything else, which no token is; null when there is no header.</summary>
    /// <remarks>A part of the header's own text: a copy would be one more to lie in memory.</remarks>
    public static ReadOnlyMemory<char>? Find(HttpContext http)
    {
        string header = http.Request.Headers.Authorization.ToString();
        return header.Length == 0 ? (ReadOnlyMemory<char>?)null
            : header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) ? header.AsMemory(Scheme.Length).Trim()
            : ReadOnlyMemory<char>.Empty;
    }
}
