namespace SdsServer.Testing;

/// <summary>Where the checked-out repository lies, for tests that start or read what it ships.</summary>
public static class Repository
{
    private static readonly Lazy<string> Found = new(Find);

    /// <summary>The folder that holds <c>SdsServer.sln</c>.</summary>
    public static string Root => Found.Value;

    /// <summary>An absolute path inside the repository.</summary>
    public static string PathOf(params string[] parts) => Path.Combine([Root, .. parts]);

    private static string Find()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "SdsServer.sln")))
            {
                return folder.FullName;
            }
        }

        throw new DirectoryNotFoundException($"no SdsServer.sln above {AppContext.BaseDirectory}; run the tests from a checkout");
    }
}
