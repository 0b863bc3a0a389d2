namespace SdsServer.Hosting;

/// <summary>Where proxies connect: a Unix socket, a TCP address, or both.</summary>
public sealed class XdsListenerOptions
{
    /// <summary>Path of the Unix socket; default <c>sds.sock</c> in the data directory; <c>none</c> for no socket.</summary>
    public string? Socket { get; set; }

    /// <summary>Octal mode of the socket. Connecting proves a user, which alone gives no key.</summary>
    public string SocketMode { get; set; } = "0660";

    /// <summary><c>ADDRESS:PORT</c>, or empty for no TCP.</summary>
    public string Tcp { get; set; } = "";

    /// <summary>PEM of the serving certificate and its intermediates; required for TCP but on loopback in dev mode.</summary>
    public string? CertificateFile { get; set; }

    /// <summary>PEM of its private key.</summary>
    public string? KeyFile { get; set; }
}
