using SdsServer.Limits;

namespace SdsServer.Identity;

/// <summary>Logs callers who have proven something that is worth nothing here; one in ten seconds: they come again and again.</summary>
internal sealed partial class UnregisteredLog(TimeProvider time, ILogger logger)
{
    private readonly RefusalCount _count = new(time);

    /// <param name="peer">Who calls.</param>
    /// <param name="evidence">What it has shown; null, and not logged, where that is nothing.</param>
    public void Add(string peer, Evidence? evidence)
    {
        if (evidence is { Selectors.IsEmpty: false } && _count.Add() is { } unlogged)
        {
            Unregistered(logger, peer, Shown.Text(string.Join(", ", evidence.Selectors)), unlogged);
        }
    }

    [LoggerMessage(6401, LogLevel.Warning, "{Peer} has shown {Selectors}, and no registration or setting says who that is; {Unlogged} more came so before", EventName = "Unregistered")]
    private static partial void Unregistered(ILogger logger, string peer, string selectors, long unlogged);
}
