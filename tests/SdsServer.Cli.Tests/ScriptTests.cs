using SdsServer.Testing;

namespace SdsServer.Cli.Tests;

public sealed class ScriptTests
{
    private static readonly string s_folder = Path.Combine(RepositoryRoot.Path, "tests", "SdsServer.Cli.Tests", "Scripts");

    public static TheoryData<string> Scripts => [.. Directory.EnumerateFiles(s_folder, "*.txt").Select(file => Path.GetFileNameWithoutExtension(file)).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Scripts))]
    public Task Says_what_the_script_says(string name) => new Script(Path.Combine(s_folder, $"{name}.txt")).RunAsync();
}
