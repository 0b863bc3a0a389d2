using System.Buffers;
using System.Diagnostics;
using System.IO.Pipelines;
using System.Net;
using System.Net.Http.Headers;
using System.Runtime.CompilerServices;
using Google.Protobuf;
using SdsServer.Grpc.Wire;

namespace SdsServer.Grpc.Client;

/// <summary>
/// One call in flight. One write and one read at a time, both may run at once. Dispose it: a call that has not ended is reset then.
/// Everything here throws <see cref="RpcException"/> once the call has failed, or <see cref="OperationCanceledException"/> once the
/// caller has cancelled it.
/// </summary>
public sealed class ClientCall<TRequest, TResponse> : IAsyncDisposable
    where TRequest : class, IMessage<TRequest>, new()
    where TResponse : class, IMessage<TResponse>, new()
{
    private readonly CancellationToken _callerCancelled;
    private readonly long _started = Stopwatch.GetTimestamp();
    private readonly TimeSpan? _timeout;
    private readonly int _maxReceiveMessageSize;
    private readonly HttpRequestMessage _request;
    private readonly RequestContent _content;
    private readonly CancellationTokenSource _deadline = new();
    private readonly CancellationTokenSource _cancelled;
    private readonly ArrayBufferWriter<byte> _frame = new();
    private readonly Task<HttpResponseMessage> _response;
    private MessageReader? _responses;
    private Status? _status;

    internal ClientCall(HttpMessageInvoker http, Uri uri, GrpcChannelOptions channel, CallOptions options)
    {
        _maxReceiveMessageSize = channel.MaxReceiveMessageSize;
        _callerCancelled = options.CancellationToken;
        _cancelled = CancellationTokenSource.CreateLinkedTokenSource(_callerCancelled, _deadline.Token);
        _content = new RequestContent(_cancelled.Token);
        _request = CallRequest.Create(uri, channel.Authority, options, _content);
        _timeout = options.Timeout;
        if (_timeout is { } timeout && timeout < GrpcTimeout.LongestTimer)
        {
            _deadline.CancelAfter(timeout > TimeSpan.Zero ? timeout : TimeSpan.Zero);
        }

        _response = SendAsync(http);
    }

    /// <summary>What the server sent with the status; empty before the end.</summary>
    public Metadata Trailers { get; private set; } = [];

    /// <summary>What the server sent before the first response.</summary>
    public async Task<Metadata> ResponseHeadersAsync() => Received((await _response).Headers);

    public async Task WriteAsync(TRequest message)
    {
        _frame.ResetWrittenCount();
        MessageFrame.Write(_frame, message);
        try
        {
            await _content.WriteAsync(_frame.WrittenMemory);
        }
        catch (Exception error) when (error is IOException or HttpRequestException or OperationCanceledException or ObjectDisposedException)
        {
            // The stream is dead, so the response is there, or has failed with the reason.
            await _response;
            throw _cancelled.IsCancellationRequested || _status is { Code: not StatusCode.OK }
                ? Failure(error)
                : new RpcException(StatusCode.Unknown, "the server has ended the call; its status is with the responses", inner: error);
        }
    }

    /// <summary>No more requests. The call goes on until the server ends it.</summary>
    public void Complete() => _content.Complete();

    /// <summary>The next response, or null when the server has ended the call with OK.</summary>
    public async ValueTask<TResponse?> ReadAsync()
    {
        HttpResponseMessage response = await _response;
        if (_status is null)
        {
            try
            {
                _responses ??= await OpenAsync(response);
                if (await _responses.ReadAsync(Parse, _cancelled.Token) is { } message)
                {
                    return message;
                }
            }
            catch (OperationCanceledException error)
            {
                throw Failure(error);
            }

            End(response.TrailingHeaders);
        }

        return _status is { Code: StatusCode.OK } ? null : throw new RpcException(_status!.Value, Trailers);
    }

    /// <summary>All responses until the server ends the call with OK. The token resets the call.</summary>
    public async IAsyncEnumerable<TResponse> ReadAllAsync([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await using CancellationTokenRegistration reset = cancellationToken.Register(_cancelled.Cancel);
        while (await ReadAsync() is { } message)
        {
            yield return message;
        }
    }

    /// <summary>The one response of a unary or client streaming call.</summary>
    public async Task<TResponse> ResponseAsync()
    {
        TResponse? response = await ReadAsync();
        return response is not null && await ReadAsync() is null
            ? response
            : throw new RpcException(StatusCode.Internal, $"the call returns one message, {(response is null ? "none" : "several")} came");
    }

    public async ValueTask DisposeAsync()
    {
        if (_status is null)
        {
            await _cancelled.CancelAsync();
        }

        _content.Complete();
        await ((Task)_response).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (_response.IsCompletedSuccessfully)
        {
            (await _response).Dispose();
        }

        _request.Dispose();
        _cancelled.Dispose();
        _deadline.Dispose();
    }

    /// <summary>Sends the one request there is. A failure shows when the response is read, with the server's status if there is one.</summary>
    internal async Task WriteOnlyAsync(TRequest message)
    {
        try
        {
            await WriteAsync(message);
        }
        catch (Exception error) when (error is RpcException or OperationCanceledException)
        {
        }

        Complete();
    }

    private async Task<HttpResponseMessage> SendAsync(HttpMessageInvoker http)
    {
        try
        {
            HttpResponseMessage response = await http.SendAsync(_request, _cancelled.Token);
            if (response.Headers.NonValidated.Contains(Headers.Status))
            {
                End(response.Headers);
            }
            else if (response.StatusCode != HttpStatusCode.OK || !Headers.IsGrpc(response.Content.Headers.ContentType?.ToString()))
            {
                _status = TransportStatus.Of(response);
                _content.Abandon();
            }

            return response;
        }
        catch (Exception error)
        {
            _content.Abandon();
            throw Failure(error);
        }
    }

    private async Task<MessageReader> OpenAsync(HttpResponseMessage response)
    {
        // Without a buffer while it waits: most streams are idle most of the time.
        Stream body = await response.Content.ReadAsStreamAsync(_cancelled.Token);
        PipeReader pipe = PipeReader.Create(body, new StreamPipeReaderOptions(useZeroByteReads: true));
        string? encoding = response.Headers.NonValidated.TryGetValues(Headers.Encoding, out HeaderStringValues values) ? values.ToString() : null;
        return new MessageReader(pipe, encoding, _maxReceiveMessageSize, Failure);
    }

    private void End(HttpResponseHeaders headers)
    {
        HttpHeadersNonValidated received = headers.NonValidated;
        string? message = received.TryGetValues(Headers.Message, out HeaderStringValues detail) ? detail.ToString() : null;
        Trailers = Received(headers);
        _status = received.TryGetValues(Headers.Status, out HeaderStringValues code)
            ? Headers.ReceiveStatus(code.ToString(), message)
            : new(StatusCode.Internal, "the server ended the stream without a status");
        _content.Abandon();
    }

    private Exception Failure(Exception error)
    {
        if (_status is { Code: not StatusCode.OK } status)
        {
            return new RpcException(status, Trailers, error);
        }

        if (_callerCancelled.IsCancellationRequested)
        {
            return new OperationCanceledException("The call was cancelled by its caller.", error, _callerCancelled);
        }

        // The server's timer may be first, and reset the call before ours fires.
        return _deadline.IsCancellationRequested || Stopwatch.GetElapsedTime(_started) >= _timeout
            ? new RpcException(StatusCode.DeadlineExceeded, "the time for the call is over", inner: error)
            : _cancelled.IsCancellationRequested
            ? new OperationCanceledException("The call was cancelled.", error, _cancelled.Token)
            : new RpcException(TransportStatus.Of(error), inner: error);
    }

    private static TResponse Parse(ReadOnlySequence<byte> bytes)
    {
        TResponse response = new();
        response.MergeFrom(bytes);
        return response;
    }

    private static Metadata Received(HttpResponseHeaders headers)
    {
        Metadata metadata = [];
        foreach ((string name, HeaderStringValues values) in headers.NonValidated)
        {
            foreach (string value in values)
            {
                Headers.Receive(metadata, name, value);
            }
        }

        return metadata;
    }
}
