namespace SdsServer.Storage.Files;

/// <summary>The directory of one server process, held against every other one until disposed. Only its owner may enter it.</summary>
internal sealed class DataDirectory : IDisposable
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    private const UnixFileMode Others =
        UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute
        | UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;

    private readonly FileStream _lock;

    private DataDirectory(FileStream held) => _lock = held;

    /// <summary>Creates the directory if there is none and takes it. Throws <see cref="StoreOpenException"/> when it is open to others or taken.</summary>
    public static DataDirectory Take(string path)
    {
        try
        {
            Directory.CreateDirectory(path, OwnerOnly);
            UnixFileMode mode = File.GetUnixFileMode(path);
            if ((mode & Others) != 0)
            {
                throw new StoreOpenException(
                    $"the data directory '{path}' has mode {Octal(mode)}: other users could reach the CA keys. Run: chmod 700 '{path}'");
            }

            return new DataDirectory(Lock(Path.Combine(path, "lock"), path));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new StoreOpenException(
                $"the data directory '{path}' cannot be used: {error.Message} It must be a directory the server's user owns and may write to.", error);
        }
    }

    public static string Octal(UnixFileMode mode) => "0" + Convert.ToString((int)mode, 8).PadLeft(3, '0');

    public void Dispose() => _lock.Dispose();

    // FileShare.None is flock(2): the kernel lets go of it when the process ends, however it ends. The file itself stays:
    // deleting it would let two processes hold locks on two files of the same name.
    private static FileStream Lock(string path, string directory)
    {
        const int wouldBlockOnLinux = 11, wouldBlockOnMacOS = 35;
        try
        {
            return new FileStream(path, new FileStreamOptions
            {
                Mode = FileMode.OpenOrCreate,
                Access = FileAccess.ReadWrite,
                Share = FileShare.None,
                UnixCreateMode = DurableFile.OwnerOnly,
            });
        }
        catch (IOException error) when (error.HResult is wouldBlockOnLinux or wouldBlockOnMacOS)
        {
            throw new StoreOpenException(
                $"the data directory '{directory}' is in use by another process. Stop that one first, or give this one a directory of its own.", error);
        }
    }
}
