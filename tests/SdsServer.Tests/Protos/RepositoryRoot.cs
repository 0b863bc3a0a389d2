namespace SdsServer.Tests.Protos;

/// <summary>The folder that holds <c>SdsServer.sln</c>, above wherever the tests run.</summary>
internal static class RepositoryRoot
{
    public static string Path { get; } = Find(AppContext.BaseDirectory);

    private static string Find(string start)
    {
        for (var folder = new DirectoryInfo(start); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(System.IO.Path.Combine(folder.FullName, "SdsServer.sln")))
            {
                return folder.FullName;
            }
        }

        throw new DirectoryNotFoundException($"No SdsServer.sln in {start} or above; run the tests from a checkout.");
    }
}
