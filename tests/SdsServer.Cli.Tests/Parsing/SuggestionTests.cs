using SdsServer.Cli.Parsing;

namespace SdsServer.Cli.Tests.Parsing;

public sealed class SuggestionTests
{
    private static readonly string[] s_words = ["start", "status", "list", "watch", "rollback"];

    [Theory]
    [InlineData("strat", "start")]
    [InlineData("statsu", "status")]
    [InlineData("rolback", "rollback")]
    public void Finds_the_word_that_was_meant(string typed, string meant) => Assert.Equal(meant, Suggestion.Nearest(typed, s_words));

    [Theory]
    [InlineData("delete")]
    [InlineData("x")]
    [InlineData("")]
    public void Stays_silent_when_nothing_is_near(string typed) => Assert.Null(Suggestion.Nearest(typed, s_words));
}
