using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using Microsoft.Extensions.Logging;
using SdsServer.Grpc.Wire;

namespace SdsServer.Grpc.Server;

/// <summary>One call from its headers to its status. The only place where an exception becomes a status.</summary>
internal sealed class ServerCall : IDisposable
{
    private static readonly Status s_deadlineExceeded = new(StatusCode.DeadlineExceeded, "the deadline has passed");

    private readonly HttpContext _http;
    private readonly CallHandler _handler;
    private readonly GrpcServerOptions _options;
    private readonly TimeProvider _time;
    private readonly CancellationToken _stopping;
    private readonly CancellationToken _mustEnd;
    private CancellationTokenSource? _deadline;
    private CancellationTokenSource? _cancelled;

    public ServerCall(
        HttpContext http, CallHandler handler, GrpcServerOptions options, TimeProvider time, CancellationToken stopping, CancellationToken streamsMustEnd)
    {
        (_http, _handler, _options, _time, _stopping) = (http, handler, options, time, stopping);
        _mustEnd = handler.IsStreaming ? streamsMustEnd : CancellationToken.None;
    }

    public async Task<Status> RunAsync(ILogger logger)
    {
        ServerCallContext? context = null;
        Metadata? trailers = null;
        Status status = Status.OK;
        try
        {
            context = Begin();
            MessageReader requests = new(
                _http.Request.BodyReader,
                RequestEncoding(),
                _handler.MaxRequestSize ?? _options.MaxReceiveMessageSize,
                static error => new ClientGoneException(error),
                new Arrival(_http.Features.Get<ReceiveBudget>(), _options.ReceiveTimeout, _time));
            await _handler.RunAsync(requests, _http.Response.BodyWriter, context);
            if (DeadlineHasPassed)
            {
                status = s_deadlineExceeded;
            }
        }
#pragma warning disable CA1031 // This is the boundary: nothing a handler throws may reach Kestrel, and every outcome needs a status.
        catch (Exception error)
#pragma warning restore CA1031
        {
            status = StatusOf(error, logger);
            trailers = (error as RpcException)?.Trailers;
        }

        if (_cancelled is not null)
        {
            // What the handler left running ends with the call.
            await _cancelled.CancelAsync();
        }

        if (!_http.RequestAborted.IsCancellationRequested)
        {
            ResponseStatus.Write(_http.Response, status, context?.AddedTrailers, trailers);
        }

        return status;
    }

    public void Dispose()
    {
        _cancelled?.Dispose();
        _deadline?.Dispose();
    }

    private bool DeadlineHasPassed => _deadline is { IsCancellationRequested: true };

    private ServerCallContext Begin()
    {
        TimeSpan? timeout = Timeout();
        if (timeout is not null)
        {
            _deadline = new CancellationTokenSource(timeout.Value, _time);
        }

        _cancelled = CancellationTokenSource.CreateLinkedTokenSource(_http.RequestAborted, _deadline?.Token ?? CancellationToken.None, _mustEnd);
        if (_handler.IsStreaming)
        {
            LiftBodyLimits(_http.Features);
        }

        return new ServerCallContext(_http, _handler.Path, _time.GetUtcNow() + timeout, _cancelled.Token, _stopping);
    }

    private TimeSpan? Timeout()
    {
        string? header = _http.Request.Headers[Headers.Timeout];
        if (header is null)
        {
            return null;
        }

        return GrpcTimeout.TryParse(header, out TimeSpan timeout)
            ? timeout < GrpcTimeout.LongestTimer ? timeout : null
            : throw new RpcException(StatusCode.Internal, "the header grpc-timeout is malformed: at most eight digits and one of H, M, S, m, u, n");
    }

    private string? RequestEncoding()
    {
        string? encoding = _http.Request.Headers[Headers.Encoding];
        if (encoding is null or Headers.Identity or Gzip.Name)
        {
            return encoding;
        }

        _http.Response.Headers[Headers.AcceptEncoding] = Headers.SupportedEncodings;
        throw new RpcException(StatusCode.Unimplemented, $"the message encoding is not supported; use {Headers.SupportedEncodings}");
    }

    // A stream may be idle for days and carry any number of messages; each message has its own limit.
    private static void LiftBodyLimits(IFeatureCollection features)
    {
        if (features.Get<IHttpMinRequestBodyDataRateFeature>() is { } rate)
        {
            rate.MinDataRate = null;
        }

        if (features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
        {
            size.MaxRequestBodySize = null;
        }
    }

    private Status StatusOf(Exception error, ILogger logger)
    {
        switch (error)
        {
            case RpcException rpc:
                return rpc.Status;
            case OperationCanceledException when DeadlineHasPassed:
                return s_deadlineExceeded;
            case ClientGoneException:
            case OperationCanceledException when _http.RequestAborted.IsCancellationRequested:
                return new(StatusCode.Cancelled, "the client has left the call");
            case OperationCanceledException when _stopping.IsCancellationRequested:
                return new(StatusCode.Unavailable, "the server is shutting down");
        }

        if (_options.StatusOf(error) is { } mapped)
        {
            return mapped;
        }

        GrpcLog.HandlerFailed(logger, _handler.Path, error);
        return new(StatusCode.Internal, "internal error; see the server's log");
    }
}
