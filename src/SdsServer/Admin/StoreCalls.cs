using SdsServer.Admin.Requests;
using SdsServer.Core.Rotation;

namespace SdsServer.Admin;

/// <summary>Calls of the store, whose failures become an error that says when to come back; what its contract promises to throw passes.</summary>
internal static class StoreCalls
{
    public static async Task<T> RunAsync<T>(Func<Task<T>> call, ILogger logger)
    {
        try
        {
            return await call();
        }
        catch (Exception error) when (error is not (OperationCanceledException or StaleTermException or InvalidOperationException or KeyNotFoundException))
        {
            AdminLog.StoreUnavailable(logger, error);
            throw AdminErrors.StoreUnavailable("the store does not answer; nothing was read or changed, unless a command says otherwise. Try again, and see the server's log");
        }
    }

    public static Task RunAsync(Func<Task> call, ILogger logger) => RunAsync(
        async () =>
        {
            await call();
            return true;
        },
        logger);
}
