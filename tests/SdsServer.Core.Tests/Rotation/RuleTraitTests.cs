using System.Globalization;
using System.Text.RegularExpressions;
using SdsServer.Testing;

namespace SdsServer.Core.Tests.Rotation;

/// <summary>Each test that rule E14 asks for is found by its number, and docs/testing.md says how to run it.</summary>
public sealed partial class RuleTraitTests
{
    private const int Rules = 12;
    private const int Traces = 22;

    // In a test class of its own or on a test, never in a comment: the line is the attribute and nothing else.
    [GeneratedRegex(@"^\s*\[Trait\(""(?<name>Rule|Trace)"", ""(?:E14\.|T)(?<number>\d+)""\)\]\r?$", RegexOptions.Multiline)]
    private static partial Regex Trait();

    [Fact]
    public void Every_numbered_test_of_E14_exists_by_its_number() => Assert.Equal(Enumerable.Range(1, Rules), Numbers("Rule"));

    [Fact]
    public void Every_trace_of_E14_2_exists_by_its_number() => Assert.Equal(Enumerable.Range(1, Traces), Numbers("Trace"));

    [Fact]
    public void Every_number_stands_in_the_documentation_with_the_command_that_runs_it()
    {
        string page = File.ReadAllText(Path.Combine(RepositoryRoot.Path, "docs", "testing.md"));
        Assert.All(Enumerable.Range(1, Rules), number => Assert.Matches(string.Create(CultureInfo.InvariantCulture, $@"(?m)^\| {number} \|.*--filter '?Rule=E14\.{number}\b"), page));
    }

    private static IEnumerable<int> Numbers(string name) =>
        Directory.EnumerateFiles(Path.Combine(RepositoryRoot.Path, "tests"), "*.cs", SearchOption.AllDirectories)
            .SelectMany(file => Trait().Matches(File.ReadAllText(file)))
            .Where(trait => trait.Groups["name"].Value == name)
            .Select(trait => int.Parse(trait.Groups["number"].ValueSpan, CultureInfo.InvariantCulture))
            .Distinct()
            .Order();
}
