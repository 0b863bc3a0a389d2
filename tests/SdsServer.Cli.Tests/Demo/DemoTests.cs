using SdsServer.Testing;

namespace SdsServer.Cli.Tests.Demo;

/// <summary>The demo as a user runs it: the real server in a process of its own.</summary>
public sealed class DemoTests
{
    [Fact]
    public async Task Moves_the_mesh_and_turns_back_without_one_failed_handshake()
    {
        CliRun run = await CliRun.OfAsync(["demo", "--plain", "--sidecars", "6", "--seed", "1"], directory: RepositoryRoot.Path, realTime: true);

        Assert.True(run.ExitCode == ExitCodes.Ok, run.Error + run.Out);
        string[] lines = run.Out.ReplaceLineEndings("\n").TrimEnd().Split('\n');
        Assert.Matches("^handshakes [1-9][0-9]*, failed 0$", lines[^1]);
        Assert.Contains("a leaf of the old root is refused by 5 of 5 peers now", lines);
        Assert.Contains("halted when the canary sidecar-04 refused its new leaf, with 0 of 6 leaves on the new root; went on by itself once it was mended", lines);
        Assert.Contains(lines, line => line.Contains("wave 1 of 3, HELD", StringComparison.Ordinal));
        Assert.Contains(lines, line => line.Contains("wave 3 of 3", StringComparison.Ordinal));
        Assert.Contains(lines, line => line.StartsWith("moved from root-", StringComparison.Ordinal));
        Assert.Contains(lines, line => line.StartsWith("began to move to root-", StringComparison.Ordinal) && line.Contains("turned back with 5 of 6 leaves on it", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Fails_with_the_servers_last_words_when_it_dies()
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("sdsctl");
        string server = Path.Combine(folder.FullName, "server");
        await File.WriteAllTextAsync(server, "#!/bin/sh\necho 'the key is lost' >&2\nexit 3\n");
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(server, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }

        CliRun run = await CliRun.OfAsync(["demo", "--plain", "--server-bin", server], realTime: true);

        Assert.Equal((ExitCodes.Failure, ""), (run.ExitCode, run.Out));
        Assert.Contains("the server ended with exit code 3", run.Error, StringComparison.Ordinal);
        Assert.Contains("the key is lost", run.Error, StringComparison.Ordinal);
        folder.Delete(recursive: true);
    }

    [Fact]
    public async Task Says_when_there_is_no_server_program() =>
        Assert.Equal(ExitCodes.Usage, (await CliRun.OfAsync(["demo", "--server-bin", "/nonexistent/SdsServer"])).ExitCode);
}
