using SdsServer.Testing.Leaks;

namespace SdsServer.Testing.Processes;

/// <summary>A folder for one test: short enough for Unix sockets inside it, closed to other users, gone afterwards.</summary>
public sealed class TemporaryDirectory : IDisposable
{
    public TemporaryDirectory(string prefix) => Path = Directory.CreateTempSubdirectory($"{prefix}-").FullName;

    public string Path { get; }

    public string PathOf(string name) => System.IO.Path.Combine(Path, name);

    /// <summary>Writes a file that only its owner may read, as keys and tokens must be, whatever the umask says.</summary>
    public string WritePrivate(string name, string content)
    {
        string path = PathOf(name);
        FileStreamOptions options = new() { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        using StreamWriter file = new(path, options);
        file.Write(content);
        return path;
    }

    /// <summary>Lets other users in, for a child that runs as one of them.</summary>
    public void OpenToOthers()
    {
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(Path, (UnixFileMode)0b111_111_111);
        }
    }

    public void Dispose()
    {
        if (Directory.Exists(Path))
        {
            KnownKeys.NoteBelow(Path);
            Directory.Delete(Path, recursive: true);
        }
    }
}
