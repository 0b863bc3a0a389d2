using System.Net.Security;

namespace SdsServer.Grpc.Client;

/// <summary>How a <see cref="GrpcChannel"/> connects.</summary>
public sealed class GrpcChannelOptions
{
    /// <summary>Roots, client certificate and target host for https addresses; null trusts the system's roots.</summary>
    public SslClientAuthenticationOptions? Tls { get; set; }

    /// <summary>The :authority to send; null sends the address's host and port, or <c>localhost</c> over a Unix socket.</summary>
    public string? Authority { get; set; }

    /// <summary>Bytes of one response message. A larger one ends the call with RESOURCE_EXHAUSTED.</summary>
    public int MaxReceiveMessageSize { get; set; } = 4 * 1024 * 1024;

    public TimeSpan ConnectTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Idle time on a connection that carries calls before it is probed. grpc-go servers end connections that probe more often than
    /// their enforcement policy allows (every five minutes by default); <see cref="Timeout.InfiniteTimeSpan"/> turns probing off.
    /// </summary>
    public TimeSpan KeepAlivePingDelay { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a probe may stay unanswered before the connection and its calls end with UNAVAILABLE.</summary>
    public TimeSpan KeepAlivePingTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>All calls share one connection, also where one more would be opened for calls that begin at once.</summary>
    public bool SingleConnection { get; set; }
}
