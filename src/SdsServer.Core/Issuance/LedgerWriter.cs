using System.Threading.Channels;
using SdsServer.Core.Rotation;

namespace SdsServer.Core.Issuance;

/// <summary>
/// Group commit for the leaf ledger of one leader term: rows that arrive while a commit is under way are written together in the next,
/// so that the disk's speed bounds the wait for one leaf and not the number of leaves. Safe for concurrent use.
/// </summary>
public sealed class LedgerWriter : IAsyncDisposable
{
    private readonly ITrustStore _store;
    private readonly string _trustDomain;
    private readonly long _term;
    private readonly int _rowsPerCommit;
    private readonly Channel<PendingInsert> _queue;
    private readonly Task _loop;

    /// <param name="store">Where the rows go.</param>
    /// <param name="trustDomain">Name of the trust domain.</param>
    /// <param name="term">The leader term that writes.</param>
    /// <param name="capacity">Rows that may wait; further callers wait for room.</param>
    /// <param name="rowsPerCommit">The most rows in one commit.</param>
    public LedgerWriter(ITrustStore store, string trustDomain, long term, int capacity = 8_192, int rowsPerCommit = 1_024)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(rowsPerCommit);
        _store = store;
        _trustDomain = trustDomain;
        _term = term;
        _rowsPerCommit = rowsPerCommit;
        _queue = Channel.CreateBounded<PendingInsert>(new BoundedChannelOptions(capacity) { SingleReader = true });
        _loop = Task.Run(WriteAllAsync);
    }

    /// <summary>
    /// Writes a row and returns once it is durable: true; or false, and it is not written, when the signer has moved since.
    /// Throws what the store threw for its commit, in which case the row may or may not be there. A cancelled row is not written if its
    /// commit has not begun; otherwise it may be, which only over-counts. Throws <see cref="ObjectDisposedException"/> after disposal.
    /// </summary>
    public async Task<bool> InsertAsync(LedgerInsert insert, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        PendingInsert pending = new(insert);
        try
        {
            await _queue.Writer.WriteAsync(pending, cancellation);
        }
        catch (ChannelClosedException)
        {
            throw new ObjectDisposedException(nameof(LedgerWriter));
        }

        await using CancellationTokenRegistration registration = cancellation.Register(() => pending.Cancel(cancellation));
        return await pending.Written;
    }

    /// <summary>Takes no more rows, writes those that wait, and ends.</summary>
    public async ValueTask DisposeAsync()
    {
        _queue.Writer.TryComplete();
        await _loop;
    }

    private async Task WriteAllAsync()
    {
        while (await _queue.Reader.WaitToReadAsync())
        {
            List<PendingInsert> batch = TakeBatch();
            if (batch.Count > 0)
            {
                await CommitAsync(batch);
            }
        }
    }

    private List<PendingInsert> TakeBatch()
    {
        List<PendingInsert> batch = [];
        while (batch.Count < _rowsPerCommit && _queue.Reader.TryRead(out PendingInsert? next))
        {
            if (!next.IsCancelled)
            {
                batch.Add(next);
            }
        }

        return batch;
    }

    private async Task CommitAsync(List<PendingInsert> batch)
    {
        try
        {
            IReadOnlyList<bool> written =
                await _store.InsertLeavesAsync(_trustDomain, _term, [.. batch.Select(it => it.Insert)], CancellationToken.None);
            for (int i = 0; i < batch.Count; i++)
            {
                batch[i].Complete(written[i]);
            }
        }
        catch (Exception error)
        {
            batch.ForEach(it => it.Fail(error));
        }
    }
}
