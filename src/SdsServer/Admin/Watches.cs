using SdsServer.Grpc.Server;

namespace SdsServer.Admin;

/// <summary>Paces calls that follow the state: at once when it changes, at most ten times a second, and never at the engine's expense.</summary>
internal sealed class Watches(TrustDomainAccess access, TimeProvider time)
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    /// <summary>A look may take a tenth of the time at most: a large fleet is looked at less often.</summary>
    private const int Share = 10;

    /// <summary>Looks until <paramref name="lookAsync"/> returns false, the client leaves or the host stops.</summary>
    public async Task RunAsync(ServerCallContext context, Func<CancellationToken, Task<bool>> lookAsync)
    {
        using CancellationTokenSource ended = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, context.Stopping);
        while (true)
        {
            Task changed = access.ChangedAsync(ended.Token);
            long begun = time.GetTimestamp();
            if (!await lookAsync(ended.Token))
            {
                return;
            }

            TimeSpan fair = time.GetElapsedTime(begun) * Share;
            await Task.Delay(fair > Pause ? fair : Pause, time, ended.Token);
            await changed;
        }
    }
}
