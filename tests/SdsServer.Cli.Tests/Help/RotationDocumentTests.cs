using System.Text.RegularExpressions;
using SdsServer.Cli.Output;
using SdsServer.Protos.Admin.V1;
using SdsServer.Testing;

namespace SdsServer.Cli.Tests.Help;

public sealed class RotationDocumentTests
{
    // Two pages, diagram and tables included: it is read while a rotation waits.
    private const int MaxWords = 1_350;

    private static readonly string Document = File.ReadAllText(Path.Combine(RepositoryRoot.Path, "docs", "rotation.md"));

    [Fact]
    public void The_table_of_what_to_look_at_has_the_words_of_the_screen()
    {
        IEnumerable<string> told = Regex.Matches(Document, @"(?m)^\| `(held [^`]+)`").Select(row => row.Groups[1].Value).Order(StringComparer.Ordinal);

        // An operator who holds it knows why.
        IEnumerable<string> shown = Enum.GetValues<HoldCause>().Except([HoldCause.Unspecified, HoldCause.Operator])
            .Select(cause => HoldText.Label(new Rotation { HoldCause = cause })).Order(StringComparer.Ordinal);

        Assert.Equal(shown, told);
    }

    [Fact]
    public void It_stays_within_two_pages()
    {
        // Bars and arrows are no words.
        int words = Document.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Count(word => word.Any(char.IsLetterOrDigit));

        Assert.InRange(words, 1, MaxWords);
    }
}
