using System.Text.RegularExpressions;
using SdsServer.Testing;

namespace SdsServer.Tests.Architecture;

/// <summary>What the compiler does not check about the sources. Clocks, sleeps, blocking waits and the console are banned by an analyzer (.banned).</summary>
public sealed partial class SourceTests
{
    private static IEnumerable<string> Sources =>
        Directory.EnumerateFiles(Path.Combine(RepositoryRoot.Path, "src"), "*.cs", SearchOption.AllDirectories)
            .Where(file => !file.Contains("/obj/", StringComparison.Ordinal));

    [Fact]
    public void One_top_level_type_a_file()
    {
        Assert.DoesNotContain(Sources, file => TopLevelType().Count(File.ReadAllText(file)) > 1);
    }

    [Fact]
    public void No_name_hides_what_a_thing_is()
    {
        Assert.DoesNotContain(Sources, file => VagueName().IsMatch(Path.GetFileName(file)));
    }

    [Fact]
    public void No_file_is_too_long_to_be_read_in_one_go()
    {
        Assert.DoesNotContain(Sources, file => File.ReadLines(file).Count() > 500);
    }

    // Alerts go by the number.
    [Fact]
    public void An_event_of_the_log_has_a_number_of_its_own()
    {
        string[] numbers = [.. Sources.SelectMany(file => EventNumber().Matches(File.ReadAllText(file))).Select(match => match.Groups[1].Value)];

        Assert.NotEmpty(numbers);
        Assert.Empty(numbers.GroupBy(number => number).Where(same => same.Count() > 1).Select(same => same.Key));
    }

    [GeneratedRegex(@"\[LoggerMessage\(\s*([0-9]+)")]
    private static partial Regex EventNumber();

    [GeneratedRegex(@"^(?:public|internal|file)\s+(?:static |sealed |abstract |partial |readonly |ref )*(?:class|record|struct|interface|enum|delegate)\b", RegexOptions.Multiline)]
    private static partial Regex TopLevelType();

    [GeneratedRegex(@"(?:Manager|Helpers?|Utils?|Common|Misc)\.cs$")]
    private static partial Regex VagueName();
}
