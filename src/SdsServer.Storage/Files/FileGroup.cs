using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace SdsServer.Storage.Files;

/// <summary>Owning groups, which .NET does not tell. Linux only.</summary>
internal static partial class FileGroup
{
    // struct statx has the same layout on every architecture: stx_mask at 0, stx_gid at 24 (linux/stat.h).
    private const int StatxSize = 256;
    private const int GroupOffset = 24;
    private const int EmptyPath = 0x1000;
    private const uint GroupMask = 0x10;

    /// <summary>The owning group of an open file; null where it cannot be found out.</summary>
    public static uint? Of(SafeFileHandle file)
    {
        if (!OperatingSystem.IsLinux())
        {
            return null;
        }

        Span<byte> found = stackalloc byte[StatxSize];
        found.Clear();
        bool told = Statx(file, "", EmptyPath, GroupMask, ref MemoryMarshal.GetReference(found)) == 0
            && (BitConverter.ToUInt32(found) & GroupMask) != 0;
        return told ? BitConverter.ToUInt32(found[GroupOffset..]) : null;
    }

    /// <summary>The groups of this process, the effective one first.</summary>
    public static IReadOnlyCollection<uint> OfProcess()
    {
        if (!OperatingSystem.IsLinux())
        {
            return [];
        }

        int count = Groups(0, ref MemoryMarshal.GetReference(Span<uint>.Empty));
        uint[] groups = new uint[Math.Max(count, 1)];
        int read = Groups(groups.Length, ref groups[0]);
        return [EffectiveGroup(), .. groups.Take(Math.Max(read, 0))];
    }

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Statx(SafeFileHandle directory, string path, int flags, uint mask, ref byte found);

    [LibraryImport("libc", EntryPoint = "getgroups", SetLastError = true)]
    private static partial int Groups(int size, ref uint groups);

    [LibraryImport("libc", EntryPoint = "getegid")]
    private static partial uint EffectiveGroup();
}
