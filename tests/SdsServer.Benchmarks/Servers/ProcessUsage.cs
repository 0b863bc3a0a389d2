using System.Globalization;
using System.Runtime.InteropServices;

namespace SdsServer.Benchmarks.Servers;

/// <summary>What a process has used so far.</summary>
internal static class ProcessUsage
{
    /// <summary>Processor time of all its threads, living and ended; nanoseconds, where <c>/proc/PID/stat</c> counts in hundredths of a second.</summary>
    public static TimeSpan Cpu(int process)
    {
        // A process's clock is named by its id (clock_getcpuclockid(3)): complemented, shifted by three, with the scheduler's precise clock.
        int error = ClockGetTime((~process << 3) | 2, out Timespec time);
        return error == 0
            ? new TimeSpan((time.Seconds * TimeSpan.TicksPerSecond) + (time.Nanoseconds / 100))
            : throw new InvalidOperationException($"process {process} has no clock; it has ended");
    }

    /// <summary>
    /// Processor time of the thread in which the .NET runtime recompiles what is called often; zero while there is none, and for other runtimes.
    /// It ends a few seconds after its last work.
    /// </summary>
    public static TimeSpan Compiling(int process)
    {
        foreach (string thread in Directory.EnumerateDirectories($"/proc/{process}/task"))
        {
            try
            {
                // The kernel keeps fifteen characters of a thread's name. The first figure of schedstat is its time on a processor, in nanoseconds.
                if (File.ReadAllText(Path.Combine(thread, "comm")).StartsWith(".NET Tiered Com", StringComparison.Ordinal))
                {
                    return new TimeSpan(long.Parse(File.ReadAllText(Path.Combine(thread, "schedstat")).Split(' ')[0], CultureInfo.InvariantCulture) / 100);
                }
            }
            catch (IOException)
            {
                // the thread has ended meanwhile
            }
        }

        return TimeSpan.Zero;
    }

    /// <summary>Resident memory in KiB, from <c>/proc/PID/status</c>.</summary>
    public static long ResidentKiB(int process)
    {
        string line = File.ReadLines($"/proc/{process}/status").First(line => line.StartsWith("VmRSS:", StringComparison.Ordinal));
        return long.Parse(line["VmRSS:".Length..].Replace("kB", "", StringComparison.Ordinal), CultureInfo.InvariantCulture);
    }

    [DllImport("libc", EntryPoint = "clock_gettime")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int ClockGetTime(int clock, out Timespec time);

    [StructLayout(LayoutKind.Sequential)]
    private struct Timespec
    {
        public long Seconds;
        public long Nanoseconds;
    }
}
