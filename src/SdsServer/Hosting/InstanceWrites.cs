namespace SdsServer.Hosting;

/// <summary>
/// Keeps the durable writes of one instance in the order they were asked for; those of different instances run beside each other.
/// A row must be there before its slots are raised, and a roster entry that is tried again must not come back after its removal.
/// Safe for concurrent use.
/// </summary>
internal sealed class InstanceWrites
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Task> _last = [];

    /// <summary>Starts the write once those asked for earlier for this instance have ended, whatever became of them.</summary>
    /// <param name="instance">Id of the instance.</param>
    /// <param name="write">Sees to its own failures: it ends when it is durable or given up.</param>
    public void Enqueue(string instance, Func<Task> write)
    {
        TaskCompletionSource ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
        Task before;
        lock (_lock)
        {
            before = _last.GetValueOrDefault(instance, Task.CompletedTask);
            _last[instance] = ended.Task;
        }

        _ = RunAsync(instance, before, write, ended);
    }

    private async Task RunAsync(string instance, Task before, Func<Task> write, TaskCompletionSource ended)
    {
        await before;
        try
        {
            await write();
        }
        finally
        {
            lock (_lock)
            {
                if (_last[instance] == ended.Task)
                {
                    _last.Remove(instance);
                }
            }

            ended.SetResult();
        }
    }
}
