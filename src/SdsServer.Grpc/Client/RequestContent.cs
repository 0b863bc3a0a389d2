using System.Net;

namespace SdsServer.Grpc.Client;

/// <summary>Writes the request's messages, and keeps its stream open until the call is through with it.</summary>
/// <param name="callCancelled">Fires when this side resets the call.</param>
internal sealed class RequestContent(CancellationToken callCancelled) : HttpContent
{
    private readonly CancellationTokenSource _over = CancellationTokenSource.CreateLinkedTokenSource(callCancelled);
    private readonly TaskCompletionSource<Stream> _stream = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Sends it as soon as there is a connection, and room in the server's windows.</summary>
    /// <exception cref="OperationCanceledException">The call is over, and there was no room before.</exception>
    public async Task WriteAsync(ReadOnlyMemory<byte> frame)
    {
        Stream stream = await _stream.Task;
        await stream.WriteAsync(frame, _over.Token);
        try
        {
            await stream.FlushAsync(callCancelled);
        }
        catch (OperationCanceledException) when (!callCancelled.IsCancellationRequested)
        {
            // It is on its way, and the server was quick to end the call: that shows when the responses are read.
        }
    }

    /// <summary>Ends the request's side of the call.</summary>
    public void Complete() => _done.TrySetResult();

    /// <summary>The server has ended the call. A write that waits for room ends too: nobody will make any.</summary>
    public void Abandon()
    {
        _done.TrySetResult();
        _stream.TrySetCanceled();
        _over.Cancel();
    }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        try
        {
            // Sends the headers now: the server may have something to say before the first message.
            await stream.FlushAsync(cancellationToken);
            _stream.TrySetResult(stream);
            await _done.Task.WaitAsync(cancellationToken);
        }
        catch (OperationCanceledException) when (!callCancelled.IsCancellationRequested)
        {
            // The server has ended the call and wants no more requests. No failure: its status is what counts.
        }
        finally
        {
            // It may have ended it before the headers were through. A write that waits for its turn would wait for ever.
            _stream.TrySetCanceled(CancellationToken.None);
        }
    }

    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }

    protected override void Dispose(bool disposing)
    {
        _over.Dispose();
        base.Dispose(disposing);
    }
}
