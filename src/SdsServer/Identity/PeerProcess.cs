using System.Globalization;

namespace SdsServer.Identity;

/// <summary>
/// Names a process so that its end can be known for sure: boot, PID namespace, PID and start time. A PID alone is used again.
/// </summary>
public sealed record PeerProcess(string Boot, string Namespace, int Pid, string StartedAt)
{
    private const string Prefix = "process:";
    private const int StateField = 0;
    private const int StartTimeField = 19;

    /// <summary>The process with this id, or null if it cannot be seen from here.</summary>
    public static PeerProcess? Find(int pid) =>
        pid > 0 && Stat(pid) is { } stat ? new PeerProcess(ThisBoot(), ThisNamespace(), pid, stat[StartTimeField]) : null;

    /// <summary>Reads what <see cref="ToString"/> wrote; null for any other kind of peer.</summary>
    public static PeerProcess? Parse(string peer)
    {
        string[] parts = peer.StartsWith(Prefix, StringComparison.Ordinal) ? peer[Prefix.Length..].Split('/') : [];
        return parts.Length == 4 && int.TryParse(parts[2], NumberStyles.None, CultureInfo.InvariantCulture, out int pid)
            ? new PeerProcess(parts[0], parts[1], pid, parts[3])
            : null;
    }

    /// <summary>
    /// True when the process is known to have ended. False when it lives, and when nothing can be said: PIDs of another
    /// namespace mean nothing here.
    /// </summary>
    public bool HasEnded()
    {
        if (Boot != ThisBoot())
        {
            return true;
        }

        return Namespace == ThisNamespace() && (Stat(Pid) is not { } stat || stat[StartTimeField] != StartedAt || stat[StateField] is "Z" or "X");
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Prefix}{Boot}/{Namespace}/{Pid}/{StartedAt}");

    private static string ThisBoot() => File.ReadAllText("/proc/sys/kernel/random/boot_id").Trim();

    private static string ThisNamespace() =>
        File.ResolveLinkTarget("/proc/self/ns/pid", returnFinalTarget: false)?.Name.Split('[', ']') is [_, string inode, ..] ? inode : "0";

    // proc(5): the second field is the command in parentheses, which may hold anything; the fields after the last ')' are plain.
    private static string[]? Stat(int pid)
    {
        try
        {
            string line = File.ReadAllText($"/proc/{pid.ToString(CultureInfo.InvariantCulture)}/stat");
            string[] fields = line[(line.LastIndexOf(')') + 2)..].Split(' ');
            return fields.Length > StartTimeField ? fields : null;
        }
        catch (IOException)
        {
            return null;
        }
        catch (UnauthorizedAccessException)
        {
            return null;
        }
    }
}
