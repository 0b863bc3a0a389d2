using System.Collections.Concurrent;
using System.Diagnostics;

namespace SdsServer.Testing.Processes;

/// <summary>
/// Starts every child on one thread that lives as long as this process: the kernel's parent-death signal fires when the
/// starting <em>thread</em> ends, and pool threads come and go.
/// </summary>
internal static class ProcessLauncher
{
    private static readonly BlockingCollection<Action> Pending = [];

    static ProcessLauncher() =>
        new Thread(() =>
        {
            foreach (Action start in Pending.GetConsumingEnumerable())
            {
                start();
            }
        })
        { IsBackground = true, Name = "process launcher" }.Start();

    public static Task<Process> StartAsync(ProcessStartInfo command)
    {
        TaskCompletionSource<Process> started = new(TaskCreationOptions.RunContinuationsAsynchronously);
        Pending.Add(() =>
        {
            try
            {
                started.SetResult(Process.Start(command)!);
            }
            catch (Exception error)
            {
                started.SetException(error);
            }
        });
        return started.Task;
    }
}
