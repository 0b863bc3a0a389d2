using Microsoft.Extensions.Logging;
using SdsServer.Core.Audit;
using SdsServer.Core.Rotation;
using SdsServer.Hosting;
using SdsServer.Testing;
using SdsServer.Tests.Admin;

namespace SdsServer.Tests.Hosting;

public sealed class LogCheckTests : IDisposable
{
    private const string TrustDomain = "example.org";

    private readonly SimulatedDisk _disk = new();
    private readonly CapturedLog _log = new();

    public void Dispose() => _log.Dispose();

    [Fact]
    public async Task An_intact_log_is_noted_by_its_head()
    {
        LogHead head = await PopulateAsync();
        Assert.Equal("", await RunAsync());
        Assert.Contains(_log.Lines, line => line.Id == 1006 && line.Text.Contains(head.ToString(), StringComparison.Ordinal));
        Assert.DoesNotContain(_log.Lines, line => line.Id is 1007 or 1008);
    }

    [Fact]
    public async Task A_broken_log_is_a_warning_that_names_the_line()
    {
        await PopulateAsync();
        _disk.AlterLog(TrustDomain, 1, line => line with { Reason = "another" });
        Assert.Contains("line 2", await RunAsync(), StringComparison.Ordinal);
        Assert.Contains(_log.Lines, line => line.Id == 1007 && line.Text.Contains("line 2", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_log_that_cannot_be_read_is_a_warning_too()
    {
        InMemoryTrustStore closed = new(_disk);
        await closed.DisposeAsync();
        Assert.NotEmpty(await LogCheck.RunAsync(closed, TrustDomain, Logger(), default));
        Assert.Contains(_log.Lines, line => line.Id == 1008);
    }

    private Task<string> RunAsync() => LogCheck.RunAsync(new InMemoryTrustStore(_disk), TrustDomain, Logger(), default);

    private ILogger Logger() => ((ILoggerProvider)_log).CreateLogger("test");

    private async Task<LogHead> PopulateAsync()
    {
        await using InMemoryTrustStore store = new(_disk);
        long term = (await store.BeginTermAsync(TrustDomain, DateTimeOffset.MinValue, default)).Term;
        Decision line = new() { At = DateTimeOffset.UnixEpoch, Actor = "alice", Kind = DecisionKind.DropTrust, Action = "drop trust" };
        await store.AppendLogAsync(TrustDomain, term, [line, line, line], default);
        return await store.ReadLogHeadAsync(TrustDomain, default);
    }
}
