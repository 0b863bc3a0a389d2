using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using SdsServer.Admin.Operators;
using SdsServer.Identity;
using SdsServer.Limits;

namespace SdsServer.Hosting;

/// <summary>The server's sockets. Each says what may be called through it, so that no proxy can reach the admin API.</summary>
internal static class Listeners
{
    // The longest time a timer can run is a little more.
    private static readonly TimeSpan s_longestTimer = TimeSpan.FromDays(40);

    /// <summary>Opens them when the host starts. To be called after Kestrel was added.</summary>
    /// <param name="certificate">Of the proxies' TCP listener; null where it has no TLS.</param>
    /// <param name="gate">Lets proxies' connections in. Whoever may open the admin socket has the right to by its mode.</param>
    /// <param name="admin">Of the operators' TCP listener, and who they are; null where there is none.</param>
    public static IWebHostBuilder UseListeners(this IWebHostBuilder host, ServerSettings settings, IServingCertificate? certificate, ConnectionGate gate, AdminTls? admin = null)
    {
        EndPoint? socket = settings.XdsSocket is { } path ? new UnixDomainSocketEndPoint(path) : null;
        EndPoint[] proxies = [.. new[] { socket, settings.XdsTcp }.OfType<EndPoint>()];
        return host
            .ConfigureKestrel(kestrel =>
            {
                foreach (EndPoint endpoint in proxies)
                {
                    kestrel.Listen(endpoint, listener => ServeProxies(listener, gate, endpoint == socket ? null : certificate));
                }

                kestrel.ListenUnixSocket(settings.AdminSocket, listener => Serve(listener, ListenerRole.Admin));
                if (settings.AdminTcp is { } adminTcp && admin is not null)
                {
                    kestrel.Listen(adminTcp, listener => ServeOperators(listener, admin));
                }
            })
            .ConfigureServices(services =>
            {
                services.Configure<SocketTransportOptions>(sockets =>
                {
                    sockets.CreateBoundListenSocket = endpoint => Bind(endpoint, settings);

                    // What a connection that nobody reads may pile up in memory; its default is a mebibyte.
                    sockets.MaxReadBufferSize = 64 * 1024;
                });
                GatedTransport.Add(services, gate, proxies);
                if (settings.AdminTcp is { } adminTcp && admin is not null)
                {
                    GatedTransport.Add(services, admin.Gate, [adminTcp]);
                }
            });
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

    private static void ServeOperators(ListenOptions listener, AdminTls admin)
    {
        Serve(listener, ListenerRole.Admin);
        listener.Use(next => connection => ConnectionGate.RunAsync(connection, next));
        listener.UseHttps(new TlsHandshakeCallbackOptions
        {
            OnConnection = handshake => ValueTask.FromResult(ClientTls.Options(admin.Certificate, handshake.Connection, shown =>
            {
                string peer = WorkloadAuthenticator.Describe((handshake.Connection.RemoteEndPoint as IPEndPoint)?.Address);
                OperatorSession? session = admin.Operators.Admit(shown, peer);
                handshake.Connection.Features.Set(session);
                return session is not null;
            })),
        });

        // After the handshake: a watch, too, ends with the certificate it was opened by.
        listener.Use(next => async connection =>
        {
            OperatorSession session = connection.Features.Get<OperatorSession>() ?? throw new ConnectionAbortedException("no operator has connected");
            connection.Features.GetRequiredFeature<UnidentifiedConnection>().Done();
            TimeSpan left = session.ValidUntil - admin.Time.GetUtcNow();
            using CancellationTokenSource ended = new(left < s_longestTimer ? left > TimeSpan.Zero ? left : TimeSpan.Zero : s_longestTimer, admin.Time);
            await using CancellationTokenRegistration expired = ended.Token.UnsafeRegister(Abort, connection);
            await using CancellationTokenRegistration withdrawn = session.Withdrawn.UnsafeRegister(Abort, connection);
            await next(connection);
        });
        listener.Use(next => connection => admin.Gate.WatchAsync(connection, next));
    }

    private static void Abort(object? connection) =>
        ((ConnectionContext)connection!).Abort(new ConnectionAbortedException("the operator's certificate has ended, or what it ends at is trusted no more"));

    private static void ServeProxies(ListenOptions listener, ConnectionGate gate, IServingCertificate? certificate)
    {
        Serve(listener, ListenerRole.Xds);
        listener.Use(next => connection => ConnectionGate.RunAsync(connection, next));
        if (certificate is not null)
        {
            listener.UseHttps(new TlsHandshakeCallbackOptions
            {
                OnConnection = handshake => ValueTask.FromResult(ClientTls.Options(certificate, handshake.Connection)),
            });
        }

        // After TLS, so that it sees frames.
        listener.Use(next => connection => gate.WatchAsync(connection, next));
    }

    private static void Serve(ListenOptions listener, ListenerRole role)
    {
        listener.Protocols = HttpProtocols.Http2;
        RoleFeature feature = new(role);
        listener.Use(next => connection =>
        {
            connection.Features.Set(feature);
            return next(connection);
        });
    }

    private sealed record RoleFeature(ListenerRole Role);
}
