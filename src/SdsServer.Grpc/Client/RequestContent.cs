using System.Net;

namespace SdsServer.Grpc.Client;

/// <summary>Hands the request's stream to the call, and keeps it open until the call is through with it.</summary>
/// <param name="callCancelled">Fires when this side resets the call.</param>
internal sealed class RequestContent(CancellationToken callCancelled) : HttpContent
{
    private readonly TaskCompletionSource<Stream> _stream = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);

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
        try
        {
            await _done.Task.WaitAsync(cancellationToken);
        }
        catch (OperationCanceledException) when (!callCancelled.IsCancellationRequested)
        {
            // The server has ended the call and wants no more requests. No failure: its status is what counts.
        }
    }

    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }
}
