using System.Globalization;

namespace SdsServer.Identity;

/// <summary>What procfs says of the process at the other end of a Unix socket, as far as it may be read.</summary>
/// <param name="Path">Its program, as its own file system has it; null when it cannot be read.</param>
/// <param name="Cgroup">Its control group (version 2), from the root of the hierarchy; null when it cannot be read.</param>
internal sealed record UnixProcess(string? Path, string? Cgroup)
{
    private const string Unified = "0::";
    private const string Uids = "Uid:";
    private const string Deleted = " (deleted)";

    private static UnixProcess Unknown { get; } = new(null, null);

    /// <summary>
    /// Reads it, and only believes it when the process is the same before and after, and its user the one who connected: the number may be
    /// somebody else's by now. A process may have handed its socket on, or run another program since; its user is all that is certain.
    /// </summary>
    public static UnixProcess Of(UnixPeer peer) => Of(peer, "/proc");

    /// <param name="peer">Who connected.</param>
    /// <param name="proc">Where procfs is mounted.</param>
    internal static UnixProcess Of(UnixPeer peer, string proc)
    {
        PeerProcess? before = PeerProcess.Find(peer.Pid);
        if (before is null)
        {
            return Unknown;
        }

        string directory = System.IO.Path.Combine(proc, peer.Pid.ToString(CultureInfo.InvariantCulture));
        string? path = Try(() => File.ResolveLinkTarget($"{directory}/exe", returnFinalTarget: false)?.FullName);
        string? cgroup = Try(() => File.ReadLines($"{directory}/cgroup").FirstOrDefault(line => line.StartsWith(Unified, StringComparison.Ordinal))?[Unified.Length..]);
        string? user = Try(() => File.ReadLines($"{directory}/status").FirstOrDefault(line => line.StartsWith(Uids, StringComparison.Ordinal)));
        bool same = PeerProcess.Find(peer.Pid) == before && IsOf(user, peer.Uid);
        return same ? new UnixProcess(path is null || path.EndsWith(Deleted, StringComparison.Ordinal) ? null : path, cgroup) : Unknown;
    }

    // proc(5): real, effective, saved and file system user; one that is not the peer's would make the others doubtful.
    private static bool IsOf(string? line, int uid) =>
        line?[Uids.Length..].Split('\t', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) is { Length: 4 } uids
        && uids.All(text => uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out uint found) && found == (uint)uid);

    private static string? Try(Func<string?> read)
    {
        try
        {
            return read();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
