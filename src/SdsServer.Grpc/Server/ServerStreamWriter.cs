using System.IO.Pipelines;
using Google.Protobuf;
using SdsServer.Grpc.Wire;

namespace SdsServer.Grpc.Server;

/// <summary>
/// The response side of a call. One write at a time. A write ends when the transport has taken the bytes; while the client does not read,
/// it waits. Cancelling a write that waits resets the call, for a message cannot be half sent: that is how a slow reader is dropped.
/// </summary>
public sealed class ServerStreamWriter<TResponse>
    where TResponse : class, IMessage<TResponse>
{
    private readonly PipeWriter _output;
    private readonly CancellationToken _callCancelled;
    private int _writing;

    // For the token of the write before: a stream gives the same one again and again.
    private (CancellationToken Of, CancellationTokenSource Source)? _either;

    internal ServerStreamWriter(PipeWriter output, CancellationToken callCancelled) => (_output, _callCancelled) = (output, callCancelled);

    /// <exception cref="InvalidOperationException">The write before has not ended.</exception>
    /// <exception cref="OperationCanceledException">The call or this write was cancelled, or the client is gone.</exception>
    public async Task WriteAsync(TResponse message, CancellationToken cancellationToken = default)
    {
        Begin(cancellationToken);
        try
        {
            MessageFrame.Write(_output, message);
            await FlushAsync(cancellationToken);
        }
        finally
        {
            Volatile.Write(ref _writing, 0);
        }
    }

    /// <summary>Sends bytes that are already encoded as a <typeparamref name="TResponse"/>.</summary>
    /// <inheritdoc cref="WriteAsync(TResponse, CancellationToken)"/>
    public async Task WriteAsync(EncodedMessage message, CancellationToken cancellationToken = default)
    {
        Begin(cancellationToken);
        try
        {
            MessageFrame.Write(_output, message);
            await FlushAsync(cancellationToken);
        }
        finally
        {
            Volatile.Write(ref _writing, 0);
        }
    }

    private void Begin(CancellationToken cancellationToken)
    {
        _callCancelled.ThrowIfCancellationRequested();
        cancellationToken.ThrowIfCancellationRequested();
        if (Interlocked.Exchange(ref _writing, 1) == 1)
        {
            throw new InvalidOperationException("The write before has not ended; a stream takes one message at a time.");
        }
    }

    private async ValueTask FlushAsync(CancellationToken cancellationToken)
    {
        FlushResult result = await _output.FlushAsync(
            cancellationToken.CanBeCanceled && cancellationToken != _callCancelled ? Either(cancellationToken) : _callCancelled);
        if (result.IsCompleted)
        {
            throw new ClientGoneException();
        }
    }

    private CancellationToken Either(CancellationToken cancellationToken)
    {
        if (_either is not { } either || either.Of != cancellationToken)
        {
            _either?.Source.Dispose();
            _either = either = (cancellationToken, CancellationTokenSource.CreateLinkedTokenSource(_callCancelled, cancellationToken));
        }

        return either.Source.Token;
    }
}
