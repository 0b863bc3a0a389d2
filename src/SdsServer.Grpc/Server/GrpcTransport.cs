using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace SdsServer.Grpc.Server;

/// <summary>Kestrel set up for many connections that hold long, mostly idle streams.</summary>
public static class GrpcTransport
{
    private static readonly TimeSpan s_pingDelay = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan s_pingTimeout = TimeSpan.FromSeconds(10);

    // A token of 16 KiB with its scheme. Kestrel has one limit for all listeners; a connection takes the memory only when it is sent one.
    private const int LongestField = 16 * 1024 + 64;

    // Kestrel looks at both by the tick of its heartbeat, a second.
    private static readonly TimeSpan s_ticks = TimeSpan.FromSeconds(5);

    /// <summary>After this long a connection whose peer vanished without a word has ended.</summary>
    public static TimeSpan DeadLinkNotice { get; } = s_pingDelay + s_pingTimeout + s_ticks;

    /// <summary>
    /// Sets Kestrel's limits, which are those of all its listeners, and the listen backlog. The listeners themselves say
    /// <see cref="HttpProtocols.Http2"/>: without TLS there is no other way to agree on HTTP/2.
    /// </summary>
    public static IWebHostBuilder UseGrpcTransport(this IWebHostBuilder host) => host
        .ConfigureKestrel(kestrel => kestrel.LimitForGrpc())
        // A mesh that reconnects at once overruns the default of 512; the kernel's net.core.somaxconn caps it.
        .UseSockets(sockets => sockets.Backlog = 8192);

    /// <summary>The limits alone. No data rates: a stream may idle; a slow reader is dropped by cancelling its write.</summary>
    public static void LimitForGrpc(this KestrelServerOptions kestrel)
    {
        kestrel.AddServerHeader = false;

        // Envoy's gRPC client says ":scheme: http" over TLS too, which Kestrel would answer with PROTOCOL_ERROR.
        kestrel.AllowAlternateSchemes = true;
        KestrelServerLimits limits = kestrel.Limits;
        limits.MinRequestBodyDataRate = null;
        limits.MinResponseDataRate = null;
        limits.MaxRequestHeadersTotalSize = LongestField + 4 * 1024;
        limits.MaxRequestHeaderCount = 32;

        // An Envoy without ADS opens one stream for each secret. Far above this, floods of streams cost memory and CPU (CVE-2023-44487).
        limits.Http2.MaxStreamsPerConnection = 1000;
        limits.Http2.MaxRequestHeaderFieldSize = LongestField;
        limits.Http2.InitialConnectionWindowSize = 256 * 1024;

        // Of a stream that nobody reads, no more piles up. An Envoy's request with the list of its extensions is just within it.
        limits.Http2.InitialStreamWindowSize = 64 * 1024;

        // Finds peers that vanished without a word.
        limits.Http2.KeepAlivePingDelay = s_pingDelay;
        limits.Http2.KeepAlivePingTimeout = s_pingTimeout;
    }
}
