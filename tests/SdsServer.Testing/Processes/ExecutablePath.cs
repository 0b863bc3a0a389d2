namespace SdsServer.Testing.Processes;

/// <summary>Looks a program up as a shell would.</summary>
public static class ExecutablePath
{
    /// <returns>The absolute path of <paramref name="name"/> on PATH, or null.</returns>
    public static string? Find(string name) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .Select(folder => Path.Combine(folder, name))
            .FirstOrDefault(File.Exists);
}
