namespace SdsServer.Storage.Sqlite;

/// <summary>Work that waits for its thread: it either begins or is cancelled, never both.</summary>
internal sealed class QueuedWork<T>(Func<T> work, CancellationToken cancellation)
{
    private readonly TaskCompletionSource<T> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _taken;

    public Task<T> Completion => _completion.Task;

    public void Cancel()
    {
        if (Take())
        {
            _completion.SetCanceled(cancellation);
        }
    }

    public void Run()
    {
        if (!Take())
        {
            return;
        }

        try
        {
            _completion.SetResult(work());
        }
        catch (Exception error)
        {
            _completion.SetException(error);
        }
    }

    private bool Take() => Interlocked.Exchange(ref _taken, 1) == 0;
}
