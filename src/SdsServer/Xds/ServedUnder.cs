namespace SdsServer.Xds;

/// <summary>A connection's feature: the certificate of its handshake was the server's own, under this root. A later one may be under another.</summary>
internal sealed record ServedUnder(string RootId)
{
    /// <summary>The root; null where the connection has no TLS, or the certificate is an operator's.</summary>
    public static string? Of(HttpContext http) => http.Features.Get<ServedUnder>()?.RootId;
}
