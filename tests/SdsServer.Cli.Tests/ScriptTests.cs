using System.Runtime.CompilerServices;

namespace SdsServer.Cli.Tests;

public sealed class ScriptTests
{
    public static TheoryData<string> Scripts => [.. Directory.EnumerateFiles(Folder(), "*.txt").Select(file => Path.GetFileNameWithoutExtension(file)).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Scripts))]
    public Task Says_what_the_script_says(string name) => new Script(Path.Combine(Folder(), $"{name}.txt")).RunAsync();

    private static string Folder([CallerFilePath] string here = "") => Path.Combine(Path.GetDirectoryName(here)!, "Scripts");
}
