using System.Net;
using System.Net.Http.Headers;
using SdsServer.Grpc.Wire;

namespace SdsServer.Grpc.Client;

/// <summary>Hands the request's stream to the call, and keeps it open until the call is through with it.</summary>
internal sealed class RequestContent : HttpContent
{
    private readonly TaskCompletionSource<Stream> _stream = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public RequestContent() => Headers.ContentType = new MediaTypeHeaderValue(Wire.Headers.ContentType);

    /// <summary>There as soon as a connection is.</summary>
    public Task<Stream> Stream => _stream.Task;

    /// <summary>Ends the request's side of the call.</summary>
    public void Complete() => _done.TrySetResult();

    /// <summary>The call has ended without asking for the request.</summary>
    public void Abandon() => _stream.TrySetCanceled();

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        // Sends the headers now: the server may have something to say before the first message.
        await stream.FlushAsync(cancellationToken);
        _stream.TrySetResult(stream);
        await _done.Task.WaitAsync(cancellationToken);
    }

    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }
}
