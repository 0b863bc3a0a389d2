using SdsServer.Core.Rotation;

namespace SdsServer.Core.Issuance;

/// <summary>A row that waits for its commit. The first outcome stands.</summary>
internal sealed class PendingInsert(LedgerInsert insert)
{
    private readonly TaskCompletionSource<bool> _written = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public LedgerInsert Insert { get; } = insert;

    public Task<bool> Written => _written.Task;

    public bool IsCancelled => _written.Task.IsCanceled;

    public void Complete(bool written) => _written.TrySetResult(written);

    public void Fail(Exception error) => _written.TrySetException(error);

    public void Cancel(CancellationToken cancellation) => _written.TrySetCanceled(cancellation);
}
