using SdsServer.Testing;

namespace SdsServer.EndToEnd.Mesh;

/// <summary>The real command line, as an operator runs it.</summary>
internal static class Sdsctl
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(90);

    private static string Program => Path.Combine(
        RepositoryRoot.Path, ".artifacts", "bin", "SdsServer.Cli", Path.GetFileName(Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory)), "sdsctl.dll");

    /// <returns>What it wrote.</returns>
    /// <exception cref="InvalidOperationException">It ended with an error.</exception>
    public static async Task<string> RunAsync(params string[] arguments)
    {
        (int exitCode, string output) = await RealProgram.RunAsync(Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet", [Program, .. arguments], s_limit);
        return exitCode == 0 ? output : throw new InvalidOperationException($"sdsctl {string.Join(' ', arguments)} ended with {exitCode}: {output}");
    }
}
