namespace SdsServer.Cli.Demo;

/// <summary>The repository this program was built from or is run in.</summary>
internal static class Checkout
{
    /// <summary>Its folder, or null.</summary>
    public static string? Find(string workingDirectory) => Above(AppContext.BaseDirectory) ?? Above(workingDirectory);

    private static string? Above(string start)
    {
        for (DirectoryInfo? folder = new(start); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "SdsServer.sln")))
            {
                return folder.FullName;
            }
        }

        return null;
    }
}
