namespace SdsServer.Cli.Tests.Parsing;

public sealed class CompletionTests
{
    [Theory]
    [InlineData("sdsctl rotat", "rotation")]
    [InlineData("sdsctl rotation r", "rollback")]
    [InlineData("sdsctl authority l", "list")]
    public async Task Offers_what_can_follow(string typed, string expected)
    {
        CliRun run = await CliRun.OfAsync([$"[suggest:{typed.Length}]", typed]);

        // Whoever asks filters by prefix; the parser also offers words that only contain it, after the others.
        Assert.StartsWith(expected, string.Join(' ', run.Out.Split('\n', StringSplitOptions.RemoveEmptyEntries)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Offers_the_words_of_an_option_and_no_others()
    {
        CliRun run = await CliRun.OfAsync(["[suggest:38]", "sdsctl root create x --key-algorithm "]);

        Assert.Equal("p256\np384\nrsa2048\nrsa4096\n", run.Out.ReplaceLineEndings("\n"));
    }

    [Theory]
    [InlineData("bash")]
    [InlineData("zsh")]
    [InlineData("fish")]
    public async Task Prints_a_script(string shell) => Assert.Contains("[suggest:", (await CliRun.OfAsync(["completion", shell])).Out, StringComparison.Ordinal);

    [Fact]
    public async Task Knows_no_other_shell() => Assert.Equal(ExitCodes.Usage, (await CliRun.OfAsync(["completion", "tcsh"])).ExitCode);
}
