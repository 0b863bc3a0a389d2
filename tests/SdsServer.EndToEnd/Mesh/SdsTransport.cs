namespace SdsServer.EndToEnd.Mesh;

/// <summary>How sidecars reach the server.</summary>
internal enum SdsTransport
{
    /// <summary>The server's Unix socket.</summary>
    Unix,

    /// <summary>TCP with TLS; the server shows an operator's certificate.</summary>
    Tls,
}
