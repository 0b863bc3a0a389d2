using SdsServer.Testing;
using SdsServer.Testing.Processes;

namespace SdsServer.Cli.Tests.Help;

/// <summary>The README's session, typed as it is printed.</summary>
public sealed class ReadmeTests
{
    [Fact]
    public async Task The_ten_lines_work_as_printed()
    {
        using TemporaryDirectory folder = new("readme");
        string[] lines = await LinesAsync();
        Assert.Equal(10, lines.Length);
        Assert.Equal("dotnet build -v quiet", lines[0]);
        string script = Path.Combine(folder.Path, "session.sh");
        await File.WriteAllLinesAsync(script, [
            "shopt -s expand_aliases", "set -e", "trap 'kill $(jobs -p); wait' EXIT",
            .. lines.Skip(1).Select(line => line.Replace("--project src/", $"--project {RepositoryRoot.Path}/src/", StringComparison.Ordinal))]);

        await using ChildProcess bash = await ChildProcess.StartAsync(
            "/bin/bash", [script], new ChildOptions { Directory = folder.Path, Environment = new Dictionary<string, string?> { ["SDSCTL_SERVER"] = null } });
        await bash.Exited.WaitAsync(TimeSpan.FromMinutes(3));

        Assert.True(bash.ExitCode == 0, bash.Log);
        Assert.Matches("(?m)^sds_[a-z0-9]+_", bash.Log);
        Assert.Contains("RollbackRotation", bash.Log, StringComparison.Ordinal);
    }

    private static async Task<string[]> LinesAsync()
    {
        string[] readme = await File.ReadAllLinesAsync(Path.Combine(RepositoryRoot.Path, "README.md"));
        return [.. readme
            .SkipWhile(line => line != "## Ten lines")
            .SkipWhile(line => line != "```console").Skip(1)
            .TakeWhile(line => line != "```")
            .Select(line => line[2..].Split("  #")[0].TrimEnd())];
    }
}
