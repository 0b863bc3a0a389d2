namespace SdsServer.Testing;

/// <summary>The folder of the repository the tests were built from.</summary>
public static class RepositoryRoot
{
    public static string Path { get; } = Find(AppContext.BaseDirectory);

    private static string Find(string folder)
    {
        for (DirectoryInfo? candidate = new(folder); candidate is not null; candidate = candidate.Parent)
        {
            if (File.Exists(System.IO.Path.Combine(candidate.FullName, "SdsServer.sln")))
            {
                return candidate.FullName;
            }
        }

        throw new InvalidOperationException($"No folder above {folder} holds SdsServer.sln; run the tests from where they were built.");
    }
}
