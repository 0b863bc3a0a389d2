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

    /// <summary>PEM of the serving certificate and its intermediates; TCP needs it or <see cref="ServingNames"/>, but on loopback in dev mode.</summary>
    public string? CertificateFile { get; set; }

    /// <summary>PEM of its private key.</summary>
    public string? KeyFile { get; set; }

    /// <summary>
    /// DNS names and IP addresses by which clients connect. Without <see cref="CertificateFile"/> the server issues its serving certificate
    /// itself, with these names, and every rotation moves it.
    /// </summary>
    public List<string> ServingNames { get; set; } = [];

    /// <summary>Where to keep the roots by which bootstraps should know this server, as PEM; empty for nowhere.</summary>
    public string AnchorsFile { get; set; } = "";
}
