using System.IO.Pipelines;
using SdsServer.Grpc.Server;

namespace SdsServer.Grpc.Wire;

/// <summary>The message that a stream of the server waits for: what it takes while it is not whole, and for how long. Not for concurrent use.</summary>
/// <param name="budget">Of the connection; null where callers need none.</param>
/// <param name="limit">From its first byte to its last.</param>
internal sealed class Arrival(ReceiveBudget? budget, TimeSpan limit, TimeProvider time)
{
    // A stream that has said nothing yet costs about this much, and whoever opens it may be anybody.
    private const int Opening = 8 * 1024;

    private CancellationTokenSource? _deadline;
    private bool _hasCome;
    private long _held;

    /// <exception cref="RpcException">RESOURCE_EXHAUSTED.</exception>
    public void Await()
    {
        if (!_hasCome)
        {
            Hold(Opening);
        }
    }

    /// <summary>So many bytes of it are here.</summary>
    /// <exception cref="RpcException">RESOURCE_EXHAUSTED.</exception>
    public void Grow(long bytes)
    {
        _deadline ??= new CancellationTokenSource(limit, time);
        Hold(bytes);
    }

    /// <exception cref="RpcException">DEADLINE_EXCEEDED.</exception>
    public ValueTask<ReadResult> ReadAsync(PipeReader pipe, CancellationToken cancellationToken) =>
        _deadline is null ? pipe.ReadAsync(cancellationToken) : ReadAsync(pipe, _deadline.Token, cancellationToken);

    /// <summary>It is whole, or it never will be.</summary>
    public void End(bool isWhole)
    {
        _hasCome |= isWhole;
        _deadline?.Dispose();
        _deadline = null;
        budget?.GiveBack(_held);
        _held = 0;
    }

    private async ValueTask<ReadResult> ReadAsync(PipeReader pipe, CancellationToken late, CancellationToken cancellationToken)
    {
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(late, cancellationToken);
        try
        {
            return await pipe.ReadAsync(either.Token);
        }
        catch (OperationCanceledException) when (late.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new RpcException(StatusCode.DeadlineExceeded, $"a message was not whole within {limit}");
        }
    }

    private void Hold(long bytes)
    {
        long more = bytes - _held;
        if (budget is null || more <= 0)
        {
            return;
        }

        if (!budget.TryTake(more))
        {
            throw new RpcException(StatusCode.ResourceExhausted, "too much of messages that are not whole is here, from this connection, its address or all: try again");
        }

        _held = bytes;
    }
}
