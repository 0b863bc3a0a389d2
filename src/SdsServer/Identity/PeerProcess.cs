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
    private const string Proc = "/proc";

    // Read once: the same for as long as this process lives, and a server short of file descriptors cannot read it again.
    private static readonly Lazy<string> s_boot = new(() => File.ReadAllText($"{Proc}/sys/kernel/random/boot_id").Trim(), LazyThreadSafetyMode.PublicationOnly);
    private static readonly Lazy<string> s_namespace = new(() =>
        File.ResolveLinkTarget($"{Proc}/self/ns/pid", returnFinalTarget: false)?.Name.Split('[', ']') is [_, string inode, ..] ? inode : "0",
        LazyThreadSafetyMode.PublicationOnly);

    /// <summary>The process with this id, or null if it cannot be seen from here.</summary>
    public static PeerProcess? Find(int pid) =>
        pid > 0 && Look(pid, Proc).Stat is { } stat ? new PeerProcess(s_boot.Value, s_namespace.Value, pid, stat[StartTimeField]) : null;

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
    /// namespace mean nothing here, and a look that failed shows nothing.
    /// </summary>
    public bool HasEnded() => HasEnded(Proc);

    /// <param name="proc">Where procfs is mounted.</param>
    internal bool HasEnded(string proc)
    {
        if (Boot != s_boot.Value)
        {
            return true;
        }

        if (Namespace != s_namespace.Value)
        {
            return false;
        }

        (string[]? stat, bool gone) = Look(Pid, proc);
        return gone || (stat is not null && (stat[StartTimeField] != StartedAt || stat[StateField] is "Z" or "X"));
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Prefix}{Boot}/{Namespace}/{Pid}/{StartedAt}");

    // proc(5): the second field is the command in parentheses, which may hold anything; the fields after the last ')' are plain.
    private static (string[]? Stat, bool Gone) Look(int pid, string proc)
    {
        const int noSuchProcess = 3;
        try
        {
            string line = File.ReadAllText($"{proc}/{pid.ToString(CultureInfo.InvariantCulture)}/stat");
            string[] fields = line[(line.LastIndexOf(')') + 2)..].Split(' ');
            return (fields.Length > StartTimeField ? fields : null, false);
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException or IOException { HResult: noSuchProcess })
        {
            return (null, true);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return (null, false);
        }
    }
}
