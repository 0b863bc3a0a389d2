using SdsServer.Testing;
namespace SdsServer.Tests.Protos;

/// <summary>A fact that needs buf; skipped with the reason where it is not installed.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class BufFactAttribute : FactAttribute
{
    public BufFactAttribute()
    {
        if (Executable is null)
        {
            Skip = "buf is neither in protos/lint/node_modules (run `npm ci` in protos/lint) nor on PATH.";
        }
    }

    /// <summary>The pinned buf if installed, else the one on PATH, else null.</summary>
    public static string? Executable { get; } = Candidates().FirstOrDefault(File.Exists);

    private static IEnumerable<string> Candidates()
    {
        var name = OperatingSystem.IsWindows() ? "buf.cmd" : "buf";
        var onPath = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries);
        var pinned = Path.Combine(RepositoryRoot.Path, "protos", "lint", "node_modules", ".bin");
        return onPath.Prepend(pinned).Select(folder => Path.Combine(folder, name));
    }
}
