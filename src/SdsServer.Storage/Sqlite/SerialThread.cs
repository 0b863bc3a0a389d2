using System.Collections.Concurrent;

namespace SdsServer.Storage.Sqlite;

/// <summary>
/// A thread that runs one piece of blocking work after another in the order they were given, so that no thread of the pool waits for a disk.
/// The queue has no bound of its own: each entry is a caller that awaits it.
/// </summary>
internal sealed class SerialThread : IAsyncDisposable
{
    private readonly BlockingCollection<Action> _queue = [];
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public SerialThread(string name) => new Thread(Run) { Name = name, IsBackground = true }.Start();

    /// <summary>
    /// The result of the work. Work cancelled while it waits never begins; once begun it ends, and its outcome is told whatever happens to the token.
    /// </summary>
    public async Task<T> RunAsync<T>(Func<T> work, CancellationToken cancellation)
    {
        QueuedWork<T> queued = new(work, cancellation);
        await using CancellationTokenRegistration registration = cancellation.Register(queued.Cancel);
        try
        {
            _queue.Add(queued.Run, CancellationToken.None);
        }
        catch (InvalidOperationException)
        {
            throw new ObjectDisposedException(nameof(SqliteTrustStore));
        }

        return await queued.Completion;
    }

    /// <summary>Takes no more work, and ends when what was given is done.</summary>
    public async ValueTask DisposeAsync()
    {
        _queue.CompleteAdding();
        await _ended.Task;
    }

    private void Run()
    {
        foreach (Action work in _queue.GetConsumingEnumerable())
        {
            work();
        }

        _ended.SetResult();
    }
}
