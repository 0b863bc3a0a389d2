using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace SdsServer.Hosting;

/// <summary>The server's sockets. Each says what may be called through it, so that no proxy can reach the admin API.</summary>
internal static class Listeners
{
    public static void Listen(KestrelServerOptions kestrel, ServerSettings settings)
    {
        if (settings.XdsSocket is { } socket)
        {
            ListenOnSocket(kestrel, socket, ListenerRole.Xds);
        }

        if (settings.XdsTcp is { } tcp)
        {
            kestrel.Listen(tcp, listener =>
            {
                Serve(listener, ListenerRole.Xds);
                if (settings.CertificateFile is { } certificate)
                {
                    listener.UseHttps(X509Certificate2.CreateFromPemFile(certificate, settings.KeyFile));
                }
            });
        }

        ListenOnSocket(kestrel, settings.AdminSocket, ListenerRole.Admin);
    }

    /// <summary>Sets the sockets' modes, which the system's umask has cut.</summary>
    public static void SetModes(ServerSettings settings)
    {
        if (settings.XdsSocket is { } socket)
        {
            File.SetUnixFileMode(socket, settings.XdsSocketMode);
        }

        File.SetUnixFileMode(settings.AdminSocket, settings.AdminSocketMode);
    }

    public static ListenerRole? RoleOf(HttpContext http) => http.Features.Get<RoleFeature>()?.Role;

    private static void ListenOnSocket(KestrelServerOptions kestrel, string path, ListenerRole role)
    {
        // The data directory's lock says that no other server lives, so a socket file is left over from one that was killed.
        File.Delete(path);
        kestrel.ListenUnixSocket(path, listener => Serve(listener, role));
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
