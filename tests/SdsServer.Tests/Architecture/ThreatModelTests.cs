using System.Text.RegularExpressions;
using SdsServer.Testing;

namespace SdsServer.Tests.Architecture;

/// <summary>The threat model links its claims to tests; a test that was renamed or deleted would leave a claim without proof.</summary>
public sealed partial class ThreatModelTests
{
    [Fact]
    public void Every_test_that_it_names_is_there()
    {
        string page = File.ReadAllText(Path.Combine(RepositoryRoot.Path, "docs", "threat-model.md"));
        string[] sources = [.. Directory.EnumerateFiles(Path.Combine(RepositoryRoot.Path, "tests"), "*Tests.cs", SearchOption.AllDirectories).Select(File.ReadAllText)];
        (string Class, string Method)[] named = [.. TestName().Matches(page).Select(match => (match.Groups[1].Value, match.Groups[2].Value))];

        Assert.NotEmpty(named);
        Assert.DoesNotContain(named, test => !sources.Any(source =>
            source.Contains($"class {test.Class}", StringComparison.Ordinal) && Regex.IsMatch(source, $@"public (async Task|Task|void) {test.Method}\(", RegexOptions.None, TimeSpan.FromSeconds(10))));
    }

    [GeneratedRegex("`([A-Z][A-Za-z0-9]*Tests)\\.([A-Za-z0-9_]+)`", RegexOptions.None, 10_000)]
    private static partial Regex TestName();
}
