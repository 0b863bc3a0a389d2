using System.Text.RegularExpressions;
using SdsServer.Cli.Output;
using SdsServer.Protos.Admin.V1;
using SdsServer.Testing;

namespace SdsServer.Cli.Tests.Help;

public sealed class RotationDocumentTests
{
    [Fact]
    public async Task The_table_of_what_to_look_at_has_the_words_of_the_screen()
    {
        string document = await File.ReadAllTextAsync(Path.Combine(RepositoryRoot.Path, "docs", "rotation.md"));
        IEnumerable<string> told = Regex.Matches(document, @"(?m)^\| `(held [^`]+)`").Select(row => row.Groups[1].Value).Order(StringComparer.Ordinal);

        // An operator who holds it knows why.
        IEnumerable<string> shown = Enum.GetValues<HoldCause>().Except([HoldCause.Unspecified, HoldCause.Operator])
            .Select(cause => HoldText.Label(new Rotation { HoldCause = cause })).Order(StringComparer.Ordinal);

        Assert.Equal(shown, told);
    }
}
