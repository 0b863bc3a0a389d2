namespace SdsServer.Cli;

/// <summary>Files that hold a secret.</summary>
internal static class PrivateFile
{
    /// <summary>Makes a new file that its owner alone can read; fails when there is one.</summary>
    public static FileStreamOptions New
    {
        get
        {
            FileStreamOptions options = new() { Mode = FileMode.CreateNew, Access = FileAccess.Write };
            if (!OperatingSystem.IsWindows())
            {
                options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            }

            return options;
        }
    }
}
