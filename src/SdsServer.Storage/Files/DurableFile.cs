using System.Runtime.InteropServices;

namespace SdsServer.Storage.Files;

/// <summary>Files that are either absent or complete after a crash at any instant.</summary>
internal static partial class DurableFile
{
    public const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>Creates a file only its owner may read and write, or empties the one that is there.</summary>
    public static FileStream CreateOwnerOnly(string path) => new(path, new FileStreamOptions
    {
        Mode = FileMode.Create,
        Access = FileAccess.ReadWrite,
        Share = FileShare.None,
        UnixCreateMode = OwnerOnly,
    });

    /// <summary>Writes a new file with mode 0600. Throws <see cref="IOException"/> if it exists.</summary>
    public static void WriteNew(string path, ReadOnlySpan<byte> content)
    {
        if (File.Exists(path))
        {
            throw new IOException($"the file '{path}' exists already");
        }

        string unfinished = path + ".new";
        File.Delete(unfinished);
        using (FileStream file = CreateOwnerOnly(unfinished))
        {
            file.Write(content);
            file.Flush(flushToDisk: true);
        }

        Publish(unfinished, path);
    }

    /// <summary>Gives a finished, synced file its name, durably and in one step.</summary>
    public static void Publish(string unfinished, string path)
    {
        File.Move(unfinished, path, overwrite: true);
        SyncDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
    }

    // A rename survives power loss only once its directory has reached the disk; .NET opens no directories.
    private static void SyncDirectory(string directory)
    {
        int descriptor = OpenForReading(directory, 0);
        if (descriptor < 0)
        {
            throw Failed(directory);
        }

        try
        {
            if (Sync(descriptor) != 0)
            {
                throw Failed(directory);
            }
        }
        finally
        {
            _ = Close(descriptor);
        }
    }

    private static IOException Failed(string directory) =>
        new($"cannot sync the directory '{directory}': {Marshal.GetLastPInvokeErrorMessage()}");

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int OpenForReading(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int Sync(int descriptor);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int descriptor);
}
