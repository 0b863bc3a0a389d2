using System.Net;
using System.Net.Sockets;
using Google.Protobuf;

namespace SdsServer.Grpc.Client;

/// <summary>
/// The way to one server: <c>http://host:port</c> (HTTP/2 without TLS), <c>https://host:port</c> or <c>unix:///path</c>. Connects when
/// it is used, again after a loss, and holds its connections until disposed. Safe to use from any number of threads.
/// </summary>
public sealed class GrpcChannel : IDisposable
{
    private readonly HttpMessageInvoker _http;
    private readonly Uri _base;
    private readonly GrpcChannelOptions _options;

    private GrpcChannel(HttpMessageInvoker http, Uri baseAddress, GrpcChannelOptions options) =>
        (_http, _base, _options) = (http, baseAddress, options);

    /// <exception cref="ArgumentException">The address is none of the three kinds.</exception>
    public static GrpcChannel ForAddress(string address, GrpcChannelOptions? options = null)
    {
        options ??= new();
        if (!Uri.TryCreate(address, UriKind.Absolute, out Uri? uri) || uri.Scheme is not ("http" or "https" or "unix"))
        {
            throw new ArgumentException($"'{address}' is no gRPC address: http://host:port, https://host:port or unix:///path.", nameof(address));
        }

        SocketsHttpHandler handler = new()
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            UseProxy = false,
            ConnectTimeout = options.ConnectTimeout,
            EnableMultipleHttp2Connections = !options.SingleConnection,
            KeepAlivePingDelay = options.KeepAlivePingDelay,
            KeepAlivePingTimeout = options.KeepAlivePingTimeout,
            KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests,
            PooledConnectionLifetime = Timeout.InfiniteTimeSpan,
        };
        if (options.Tls is not null)
        {
            handler.SslOptions = options.Tls;
        }

        if (uri.Scheme == "unix")
        {
            string path = uri.LocalPath;
            handler.ConnectCallback = (_, cancellationToken) => ConnectAsync(path, cancellationToken);
            uri = new Uri("http://localhost");
        }

        return new(new HttpMessageInvoker(handler), uri, options);
    }

    /// <summary>Sends one request, waits for the one response.</summary>
    /// <exception cref="RpcException">The call ended with another status than OK.</exception>
    /// <exception cref="OperationCanceledException">The caller cancelled.</exception>
    public async Task<TResponse> UnaryAsync<TRequest, TResponse>(
        GrpcMethod<TRequest, TResponse> method, TRequest request, CallOptions options = default)
        where TRequest : class, IMessage<TRequest>, new()
        where TResponse : class, IMessage<TResponse>, new()
    {
        await using ClientCall<TRequest, TResponse> call = Start(method.RequireShape(false, false), options);
        await call.WriteOnlyAsync(request);
        return await call.ResponseAsync();
    }

    /// <summary>Sends one request; the responses are read from the call.</summary>
    public async Task<ClientCall<TRequest, TResponse>> ServerStreamingAsync<TRequest, TResponse>(
        GrpcMethod<TRequest, TResponse> method, TRequest request, CallOptions options = default)
        where TRequest : class, IMessage<TRequest>, new()
        where TResponse : class, IMessage<TResponse>, new()
    {
        ClientCall<TRequest, TResponse> call = Start(method.RequireShape(false, true), options);
        await call.WriteOnlyAsync(request);
        return call;
    }

    /// <summary>The requests are written to the call, and its one response read from it.</summary>
    public ClientCall<TRequest, TResponse> ClientStreaming<TRequest, TResponse>(GrpcMethod<TRequest, TResponse> method, CallOptions options = default)
        where TRequest : class, IMessage<TRequest>, new()
        where TResponse : class, IMessage<TResponse>, new() => Start(method.RequireShape(true, false), options);

    /// <summary>Requests and responses go their own way, for days if need be.</summary>
    public ClientCall<TRequest, TResponse> Duplex<TRequest, TResponse>(GrpcMethod<TRequest, TResponse> method, CallOptions options = default)
        where TRequest : class, IMessage<TRequest>, new()
        where TResponse : class, IMessage<TResponse>, new() => Start(method.RequireShape(true, true), options);

    /// <summary>A call of any shape, for callers who want its headers and trailers as well.</summary>
    public ClientCall<TRequest, TResponse> Start<TRequest, TResponse>(GrpcMethod<TRequest, TResponse> method, CallOptions options = default)
        where TRequest : class, IMessage<TRequest>, new()
        where TResponse : class, IMessage<TResponse>, new() => new(_http, new Uri(_base, method.Path), _options, options);

    public void Dispose() => _http.Dispose();

    private static async ValueTask<Stream> ConnectAsync(string path, CancellationToken cancellationToken)
    {
        Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch (Exception error)
        {
            socket.Dispose();
            if (error is SocketException)
            {
                throw new IOException($"Cannot connect to the Unix socket {path}: {error.Message}", error);
            }

            throw;
        }
    }
}
