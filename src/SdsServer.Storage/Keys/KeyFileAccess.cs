using Microsoft.Win32.SafeHandles;
using SdsServer.Storage.Files;

namespace SdsServer.Storage.Keys;

/// <summary>Who may get at a file with a secret of this server's own: the key-encryption key, the key of a serving certificate, a token.</summary>
public static class KeyFileAccess
{
    private const uint RootGroup = 0;

    private const UnixFileMode ReadableByGroup = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead;

    /// <summary>What is wrong with the mode of a file that is open, so that no other is read than was looked at; null when nothing.</summary>
    /// <param name="what">It holds, for the text.</param>
    /// <param name="path">It was opened by.</param>
    /// <param name="file">The file.</param>
    public static string? Refusal(string what, string path, SafeFileHandle file) => OperatingSystem.IsWindows()
        ? null
        : Refusal(what, path, File.GetUnixFileMode(file), FileGroup.Of(file), FileGroup.OfProcess());

    /// <summary>
    /// What is wrong with the file's mode, and the command that mends it; null when only its owner, or also a group this process was put
    /// into, may read it. That is how secrets are mounted: Kubernetes with fsGroup gives 0440, and so do systemd's credentials, whose group
    /// is root's: their mode shows the mask of an access control list that names the service's user.
    /// </summary>
    /// <param name="what">It holds, for the text.</param>
    /// <param name="path">The file.</param>
    /// <param name="mode">Its permissions.</param>
    /// <param name="group">Its owning group; null where that cannot be found out.</param>
    /// <param name="groups">The groups of this process.</param>
    internal static string? Refusal(string what, string path, UnixFileMode mode, uint? group, IReadOnlyCollection<uint> groups)
    {
        if ((mode | DurableFile.OwnerOnly) == DurableFile.OwnerOnly)
        {
            return null;
        }

        string file = $"{what} '{path}' has mode {DataDirectory.Octal(mode)}";
        if ((mode | ReadableByGroup) != ReadableByGroup)
        {
            bool readable = mode.HasFlag(UnixFileMode.GroupRead) && group is { } own && groups.Contains(own);
            return $"{file}; it must be 0600 or 0400, or 0640 or 0440 with a group of this process. Run: chmod {(readable ? "440" : "600")} '{path}'";
        }

        return group is { } owning && (owning == RootGroup || groups.Contains(owning))
            ? null
            : $"{file}, and its group {(group is { } other ? $"{other} is none of this process's" : "cannot be found out")}: others could read it. Run: chmod 600 '{path}'";
    }
}
