namespace SdsServer.Cli.Tests.Parsing;

public sealed class CompletionTests
{
    [Theory]
    [InlineData("sdsctl rotat", "rotation")]
    [InlineData("sdsctl rotation r", "rollback")]
    [InlineData("sdsctl root create x --key-algorithm ", "p256 p384 rsa2048 rsa4096")]
    [InlineData("sdsctl authority l", "list")]
    public async Task Offers_what_can_follow(string typed, string expected)
    {
        CliRun run = await CliRun.OfAsync([$"[suggest:{typed.Length}]", typed]);

        Assert.Equal(expected, string.Join(' ', run.Out.Split('\n', StringSplitOptions.RemoveEmptyEntries)));
    }

    [Theory]
    [InlineData("bash")]
    [InlineData("zsh")]
    [InlineData("fish")]
    public async Task Prints_a_script(string shell) => Assert.Contains("[suggest:", (await CliRun.OfAsync(["completion", shell])).Out, StringComparison.Ordinal);

    [Fact]
    public async Task Knows_no_other_shell() => Assert.Equal(ExitCodes.Usage, (await CliRun.OfAsync(["completion", "tcsh"])).ExitCode);
}
