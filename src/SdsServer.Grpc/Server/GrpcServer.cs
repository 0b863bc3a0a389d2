using System.Collections.Frozen;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using SdsServer.Grpc.Wire;

namespace SdsServer.Grpc.Server;

/// <summary>Takes one HTTP/2 request to its handler and its outcome to the response.</summary>
internal sealed class GrpcServer
{
    private readonly FrozenDictionary<string, CallHandler> _handlers;
    private readonly FrozenSet<string> _services;
    private readonly GrpcServerOptions _options;
    private readonly TimeProvider _time;
    private readonly CancellationToken _stopping;
    private readonly ILogger _logger;

    private readonly CancellationToken _streamsMustEnd;

    public GrpcServer(GrpcRoutes routes, GrpcServerOptions options, TimeProvider time, ILogger logger, CancellationToken stopping)
    {
        _handlers = routes.Handlers.ToFrozenDictionary(StringComparer.Ordinal);
        _services = routes.ServiceNames.ToFrozenSet(StringComparer.Ordinal);
        (_options, _time, _stopping, _logger) = (options, time, stopping, logger);
        _streamsMustEnd = DelayAfter(options.StreamShutdownGrace, time, stopping);
    }

    public Task InvokeAsync(HttpContext http, RequestDelegate next)
    {
        string path = http.Request.Path.Value ?? "";
        bool isGrpc = Headers.IsGrpc(http.Request.ContentType);
        CallHandler? handler = _handlers.GetValueOrDefault(path);
        if (handler is null && !isGrpc)
        {
            return next(http);
        }

        if (!HttpMethods.IsPost(http.Request.Method))
        {
            http.Response.Headers.Allow = HttpMethods.Post;
            http.Response.StatusCode = StatusCodes.Status405MethodNotAllowed;
            return Task.CompletedTask;
        }

        if (!HttpProtocol.IsHttp2(http.Request.Protocol))
        {
            http.Response.StatusCode = StatusCodes.Status426UpgradeRequired;
            return Task.CompletedTask;
        }

        if (!isGrpc)
        {
            // gRPC over HTTP/2, "Requests": prevents other HTTP/2 clients from taking a gRPC error for success.
            http.Response.StatusCode = StatusCodes.Status415UnsupportedMediaType;
            return Task.CompletedTask;
        }

        http.Response.ContentType = Headers.ContentType;
        return handler is null ? RefuseUnknown(http, path) : CallAsync(http, handler);
    }

    private Task RefuseUnknown(HttpContext http, string path)
    {
        string service = path.LastIndexOf('/') is > 0 and var end ? path[1..end] : "";
        ResponseStatus.Write(http.Response, new(StatusCode.Unimplemented, _services.Contains(service)
            ? $"service {service} has no method '{path[(service.Length + 2)..]}' here"
            : $"no service '{service}' here"));
        return Task.CompletedTask;
    }

    private async Task CallAsync(HttpContext http, CallHandler handler)
    {
        using ServerCall call = new(http, handler, _options, _time, _stopping, _streamsMustEnd);
        Status status = await call.RunAsync(_logger);
        if (status.Code != StatusCode.OK)
        {
            GrpcLog.CallFailed(_logger, handler.Path, status.Code, status.Detail);
        }
    }

    private static CancellationToken DelayAfter(TimeSpan delay, TimeProvider time, CancellationToken start)
    {
        // Lives as long as the process, like the server.
        CancellationTokenSource later = new(Timeout.InfiniteTimeSpan, time);
        start.Register(() => later.CancelAfter(delay));
        return later.Token;
    }
}
