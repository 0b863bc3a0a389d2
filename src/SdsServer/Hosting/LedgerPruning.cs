using SdsServer.Core.Rotation;

namespace SdsServer.Hosting;

/// <summary>Keeps the ledger from growing for ever: at the start of a term and every hour, rows that a new term would leave out go, and with them certificates of enrolments that have ended as long ago.</summary>
internal static class LedgerPruning
{
    /// <summary>
    /// Rows outlive their leaf by this: a process that comes back after its leaf has expired takes over the slots in its old rows.
    /// </summary>
    public static readonly TimeSpan Retention = TimeSpan.FromDays(7);

    private static readonly TimeSpan Every = TimeSpan.FromHours(1);

    /// <summary>Runs until it is stopped, or the term is over. A store that fails is tried again an hour later: nothing waits for this.</summary>
    /// <param name="judgeTime">The time by which expiry is judged, not the wall clock's: one that is wrong must not cost a row that counts (rotation rule E9).</param>
    public static async Task RunAsync(ITrustStore store, string trustDomain, long term, Func<CancellationToken, Task<DateTimeOffset>> judgeTime, TimeProvider time, ILogger logger, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            try
            {
                DateTimeOffset keepFrom = await judgeTime(stop) - Retention;
                int pruned = await store.PruneLedgerAsync(trustDomain, term, keepFrom, stop);
                await store.PruneEnrolmentsAsync(trustDomain, term, keepFrom, stop);
                if (pruned > 0)
                {
                    HostingLog.Pruned(logger, pruned);
                }
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return;
            }
            catch (StaleTermException)
            {
                return;
            }
            catch (Exception error)
            {
                HostingLog.StoreFailed(logger, "end of old ledger rows", Every, error);
            }

            await Task.Delay(Every, time, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
