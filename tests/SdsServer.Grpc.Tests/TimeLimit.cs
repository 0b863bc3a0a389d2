namespace SdsServer.Grpc.Tests;

/// <summary>How long a test waits for what must happen; far more than it ever takes.</summary>
internal static class TimeLimit
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(60);

    public static Task InTime(this Task task) => task.WaitAsync(s_limit);

    public static Task<T> InTime<T>(this Task<T> task) => task.WaitAsync(s_limit);

    /// <summary>Polls until the condition holds.</summary>
    public static async Task UntilAsync(Func<bool> condition)
    {
        using CancellationTokenSource late = new(s_limit);
        while (!condition())
        {
            await Task.Delay(10, late.Token);
        }
    }
}
