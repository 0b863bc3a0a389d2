using SdsServer.Protos.Admin.V1;

namespace SdsServer.Admin;

/// <summary>Tells one watcher what has changed since it was told last.</summary>
internal sealed class InstanceChanges
{
    /// <summary>Changes in one message: far below the 4 MiB that gRPC clients take by default.</summary>
    private const int Batch = 500;

    private Dictionary<string, Instance> _told = [];
    private bool _currentSent;

    /// <summary>The messages that bring the watcher to this state; none when nothing has changed. The first time there is at least one.</summary>
    public IEnumerable<WatchInstancesResponse> To(IEnumerable<Instance> instances)
    {
        Dictionary<string, Instance> now = instances.ToDictionary(instance => instance.Name);
        List<InstanceChange> changes =
        [
            .. now.Values.Where(instance => !instance.Equals(_told.GetValueOrDefault(instance.Name)))
                .Select(instance => new InstanceChange { Kind = ChangeKind.Updated, Instance = instance }),
            .. _told.Values.Where(instance => !now.ContainsKey(instance.Name))
                .Select(instance => new InstanceChange { Kind = ChangeKind.Removed, Instance = instance }),
        ];
        List<WatchInstancesResponse> messages = [.. changes.Chunk(Batch).Select(chunk => new WatchInstancesResponse { Changes = { chunk } })];
        if (!_currentSent)
        {
            if (messages.Count == 0)
            {
                messages.Add(new WatchInstancesResponse());
            }

            messages[^1].CurrentSent = true;
        }

        (_told, _currentSent) = (now, true);
        return messages;
    }
}
