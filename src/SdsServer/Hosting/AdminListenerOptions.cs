namespace SdsServer.Hosting;

/// <summary>Where operators connect. Whoever may open the socket is an operator.</summary>
public sealed class AdminListenerOptions
{
    /// <summary>Path of the Unix socket; default <c>admin.sock</c> in the data directory.</summary>
    public string? Socket { get; set; }

    /// <summary>Octal mode of the socket.</summary>
    public string SocketMode { get; set; } = "0600";
}
