using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using SdsServer.Limits;

namespace SdsServer.Hosting;

/// <summary>The server's sockets. Each says what may be called through it, so that no proxy can reach the admin API.</summary>
internal static class Listeners
{
    /// <param name="certificate">Of the TCP listener; null where it has no TLS.</param>
    /// <param name="gate">Lets proxies' connections in. Whoever may open the admin socket has the right to by its mode.</param>
    public static void Listen(KestrelServerOptions kestrel, ServerSettings settings, ServingCertificate? certificate, ConnectionGate gate)
    {
        if (settings.XdsSocket is { } socket)
        {
            kestrel.ListenUnixSocket(socket, listener => Serve(listener, ListenerRole.Xds, gate));
        }

        if (settings.XdsTcp is { } tcp)
        {
            kestrel.Listen(tcp, listener =>
            {
                Serve(listener, ListenerRole.Xds, gate);
                if (certificate is not null)
                {
                    listener.UseHttps(new TlsHandshakeCallbackOptions
                    {
                        OnConnection = _ => ValueTask.FromResult(new SslServerAuthenticationOptions
                        {
                            ServerCertificateContext = certificate.Current,
                            ApplicationProtocols = [SslApplicationProtocol.Http2],
                        }),
                    });
                }
            });
        }

        kestrel.ListenUnixSocket(settings.AdminSocket, listener => Serve(listener, ListenerRole.Admin));
    }

    /// <summary>Binds a listener. A Unix socket has its mode, whatever the umask says, before the first client can connect.</summary>
    /// <exception cref="IOException">Something else is at the path of a Unix socket.</exception>
    public static Socket Bind(EndPoint endpoint, ServerSettings settings)
    {
        if (endpoint is not UnixDomainSocketEndPoint unix)
        {
            return SocketTransportOptions.CreateDefaultBoundListenSocket(endpoint);
        }

        string path = unix.ToString();
        RemoveStale(unix, path);
        Socket bound = SocketTransportOptions.CreateDefaultBoundListenSocket(endpoint);
        File.SetUnixFileMode(path, path == settings.AdminSocket ? settings.AdminSocketMode : settings.XdsSocketMode);
        return bound;
    }

    public static ListenerRole? RoleOf(HttpContext http) => http.Features.Get<RoleFeature>()?.Role;

    // A socket on which nobody listens is left over from a server that was killed; anything else is not ours to remove.
    private static void RemoveStale(UnixDomainSocketEndPoint endpoint, string path)
    {
        if (!File.Exists(path))
        {
            return;
        }

        if (IsFile(path))
        {
            throw new IOException($"'{path}' is a file and no socket: it is left as it is; choose another path for the socket");
        }

        try
        {
            using Socket probe = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            probe.Connect(endpoint);
        }
        catch (SocketException error) when (error.SocketErrorCode == SocketError.ConnectionRefused)
        {
            File.Delete(path);
            return;
        }

        throw new IOException($"another process listens on '{path}': end it, or choose another path for the socket");
    }

    // open(2) of a socket fails with ENXIO.
    private static bool IsFile(string path)
    {
        const int noSuchDevice = 6;
        try
        {
            File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite).Dispose();
            return true;
        }
        catch (IOException error) when (error.HResult == noSuchDevice)
        {
            return false;
        }
    }

    private static void Serve(ListenOptions listener, ListenerRole role, ConnectionGate? gate = null)
    {
        listener.Protocols = HttpProtocols.Http2;
        RoleFeature feature = new(role);
        if (gate is not null)
        {
            listener.Use(next => connection => gate.RunAsync(connection, next));
        }

        listener.Use(next => connection =>
        {
            connection.Features.Set(feature);
            return next(connection);
        });
    }

    private sealed record RoleFeature(ListenerRole Role);
}
