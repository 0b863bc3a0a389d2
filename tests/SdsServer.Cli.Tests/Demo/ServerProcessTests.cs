using SdsServer.Cli.Demo;
using SdsServer.Testing;
using SdsServer.Testing.Processes;

namespace SdsServer.Cli.Tests.Demo;

public sealed class ServerProcessTests
{
    [Fact]
    public async Task A_killed_server_goes_on_where_it_was_and_its_log_does_too()
    {
        using TemporaryDirectory data = new("server");
        ServerProgramFile program = await ServerProgramFile.FindAsync(null, RepositoryRoot.Path, _ => { }, CancellationToken.None);
        await using (ServerProcess first = ServerProcess.Start(program, data.Path, DemoRun.ShortWindows))
        {
            await first.WaitReadyAsync(TimeProvider.System, CancellationToken.None);
            first.Kill();
        }

        await using (ServerProcess second = ServerProcess.Start(program, data.Path, DemoRun.ShortWindows))
        {
            await second.WaitReadyAsync(TimeProvider.System, CancellationToken.None);
        }

        string log = await File.ReadAllTextAsync(Path.Combine(data.Path, "server.log"));
        Assert.Contains("term 1,", log, StringComparison.Ordinal);
        Assert.Contains("term 2,", log, StringComparison.Ordinal);
        Assert.DoesNotContain("shutting down", log.Split("term 2,")[0], StringComparison.OrdinalIgnoreCase);
    }
}
