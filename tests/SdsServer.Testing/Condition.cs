namespace SdsServer.Testing;

/// <summary>Waits for the outside world: asks until the answer fits or the time is up.</summary>
public static class Condition
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(50);

    /// <summary>Asks <paramref name="probe"/> every 50 ms until it returns something other than null.</summary>
    /// <param name="what">What is awaited, in words that end the sentence "waited 10 s for ...".</param>
    /// <exception cref="TimeoutException">Not within <paramref name="limit"/>; the text ends in <paramref name="diagnosis"/> or the last error.</exception>
    public static async Task<T> AwaitAsync<T>(
        string what, TimeSpan limit, Func<CancellationToken, Task<T?>> probe, Func<string>? diagnosis = null, CancellationToken cancellation = default)
        where T : class
    {
        using CancellationTokenSource expiry = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        expiry.CancelAfter(limit);
        using PeriodicTimer timer = new(Interval);
        Exception? last = null;
        try
        {
            do
            {
                try
                {
                    if (await probe(expiry.Token) is { } found)
                    {
                        return found;
                    }

                    last = null;
                }
                catch (Exception error) when (error is HttpRequestException or IOException or System.Net.Sockets.SocketException
                    or TaskCanceledException { InnerException: TimeoutException })
                {
                    last = error;
                }
            }
            while (await timer.WaitForNextTickAsync(expiry.Token));
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
        }

        throw new TimeoutException($"waited {limit.TotalSeconds:0.#} s for {what}. {last?.Message}{Environment.NewLine}{diagnosis?.Invoke()}");
    }

    /// <summary>Asks until the answer is true.</summary>
    /// <exception cref="TimeoutException">Not within <paramref name="limit"/>.</exception>
    public static Task AwaitAsync(
        string what, TimeSpan limit, Func<CancellationToken, Task<bool>> probe, Func<string>? diagnosis = null, CancellationToken cancellation = default) =>
        AwaitAsync<object>(what, limit, async token => await probe(token) ? what : null, diagnosis, cancellation);
}
