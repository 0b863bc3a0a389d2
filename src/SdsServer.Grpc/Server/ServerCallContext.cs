using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using SdsServer.Grpc.Wire;

namespace SdsServer.Grpc.Server;

/// <summary>One call as its handler sees it. Not for use after the handler has returned.</summary>
public sealed class ServerCallContext
{
    private Metadata? _requestHeaders;
    private Metadata? _responseTrailers;

    internal ServerCallContext(HttpContext http, string method, DateTimeOffset? deadline, CancellationToken cancelled, CancellationToken stopping)
    {
        HttpContext = http;
        Method = method;
        Deadline = deadline;
        CancellationToken = cancelled;
        Stopping = stopping;
    }

    /// <summary>The path, <c>/package.Service/Method</c>.</summary>
    public string Method { get; }

    /// <summary>Transport evidence: client certificate, connection features, remote address, cancellation of the HTTP request.</summary>
    public HttpContext HttpContext { get; }

    /// <summary>When the client gives up; null when it never does, or not within seven weeks.</summary>
    public DateTimeOffset? Deadline { get; }

    /// <summary>
    /// Fires when the client resets the call or its connection ends, at the deadline, and, for a streaming call, when the shutdown grace is
    /// over. The call is not answered before the handler returns, so pass it on.
    /// </summary>
    public CancellationToken CancellationToken { get; }

    /// <summary>
    /// Fires when the host begins to stop. A call that lives until its client leaves ends itself then: it stops waiting, finishes the write
    /// at hand, and returns (OK) or lets the cancellation through (UNAVAILABLE); either way the client connects elsewhere.
    /// </summary>
    public CancellationToken Stopping { get; }

    /// <exception cref="RpcException">A binary header is no base64.</exception>
    public Metadata RequestHeaders => _requestHeaders ??= ReadHeaders();

    /// <summary>Sent after the last message, with the status.</summary>
    public Metadata ResponseTrailers => _responseTrailers ??= [];

    internal Metadata? AddedTrailers => _responseTrailers;

    /// <summary>Sends the response headers now, at most once and before the first message.</summary>
    /// <exception cref="InvalidOperationException">They are already sent.</exception>
    public Task WriteResponseHeadersAsync(Metadata headers)
    {
        if (HttpContext.Response.HasStarted)
        {
            throw new InvalidOperationException("The response headers are already sent.");
        }

        ResponseStatus.Append(HttpContext.Response.Headers, headers);
        return HttpContext.Response.BodyWriter.FlushAsync(CancellationToken).AsTask();
    }

    private Metadata ReadHeaders()
    {
        Metadata metadata = [];
        foreach ((string name, StringValues values) in HttpContext.Request.Headers)
        {
            foreach (string? value in values)
            {
                Headers.Receive(metadata, name, value);
            }
        }

        return metadata;
    }
}
