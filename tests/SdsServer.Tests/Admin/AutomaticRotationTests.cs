using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using SdsServer.Core.Rotation;
using SdsServer.Grpc;
using SdsServer.Hosting;
using SdsServer.Protos.Admin.V1;
using SdsServer.Testing;

namespace SdsServer.Tests.Admin;

public sealed class AutomaticRotationTests
{
    private static readonly RotationSchedule Schedule = new(0.8, 0.85);
    private static readonly DateTimeOffset Start = DateTimeOffset.UtcNow;
    private readonly ManualTime _time = new(Start) { IsMonotonic = true };

    [Fact]
    public async Task A_root_is_left_in_time_by_the_operators_way_and_the_new_one_signs_later()
    {
        await using AdminHost host = await AdminHost.StartAsync(Short, time: _time);
        AutomaticRotation automatic = Of(host);
        string old = (await host.StateAsync()).Signer;

        _time.Advance(TimeSpan.FromDays(79));
        Assert.False(await automatic.LookAsync(default));
        _time.Advance(TimeSpan.FromDays(2));
        Assert.True(await automatic.LookAsync(default));
        Assert.False(await automatic.LookAsync(default));

        TrustState state = await host.StateAsync();
        RotationPlan plan = state.Plan!;
        Assert.Equal((RotationSchedule.RequestIdFor(old), old, "engine"), (plan.Id, plan.From, plan.StartedBy));
        Assert.InRange(plan.Policy.SignNotBefore!.Value - Start, TimeSpan.FromDays(84.9), TimeSpan.FromDays(85.1));
        Assert.Equal(2, state.Authorities.Length);
        Assert.NotEqual(state.Authorities[0].RootId, state.Authorities[1].RootId);
        AuditEntry started = (await host.CallAsync<ListAuditEntriesRequest, ListAuditEntriesResponse>(
            SdsServer.Admin.AuditService.Descriptor, "ListAuditEntries", new ListAuditEntriesRequest { Parent = AdminHost.Domain })).AuditEntries.Single(entry => entry.Action == "StartRotation");
        Assert.Equal(("engine", $"'{old}' nears its end"), (started.Actor, started.Reason));
    }

    [Fact]
    public async Task A_server_that_died_between_the_root_and_the_rotation_makes_no_second_root()
    {
        SimulatedDisk disk = new();
        string root;
        await using (AdminHost host = await AdminHost.StartAsync(Short, time: _time, disk: disk))
        {
            _time.Advance(TimeSpan.FromDays(81));

            // The store takes the new root, and dies before the rotation.
            disk.BeforeCommit = _ => disk.State("example.org") is { Authorities.Length: 2 } ? throw new IOException("power is gone") : Task.CompletedTask;
            Task look = Of(host).LookAsync(default);
            await AdminHost.UntilAsync("the root to be stored", () => disk.State("example.org") is { Authorities.Length: 2 });
            root = disk.State("example.org")!.Authorities[1].Id;
            Assert.Null(disk.State("example.org")!.Plan);
            host.Loop.Fail(new IOException("killed"));
            await Assert.ThrowsAsync<RpcException>(() => look);
        }

        disk.BeforeCommit = _ => Task.CompletedTask;
        await using AdminHost next = await AdminHost.StartAsync(Short, time: _time, disk: disk);
        Assert.True(await Of(next).LookAsync(default));

        TrustState state = await next.StateAsync();
        Assert.Equal((2, root), (state.Authorities.Length, state.Plan!.To));
    }

    [Fact]
    public async Task What_is_refused_leaves_nothing_behind_and_is_tried_again()
    {
        await using AdminHost host = await AdminHost.StartAsync(Short, expectedPlanTime: TimeSpan.FromDays(5000), time: _time);
        _time.Advance(TimeSpan.FromDays(81));

        await Assert.ThrowsAsync<RpcException>(() => Of(host).LookAsync(default));
        await Assert.ThrowsAsync<RpcException>(() => Of(host).LookAsync(default));

        Assert.Single((await host.StateAsync()).Authorities);
    }

    [Fact]
    public async Task What_is_refused_again_and_again_is_tried_less_and_less_often()
    {
        await using AdminHost host = await AdminHost.StartAsync(Short, expectedPlanTime: TimeSpan.FromDays(5000), time: _time);
        _time.Advance(TimeSpan.FromDays(81));
        ManualTime clock = new(Start);
        using CancellationTokenSource stop = new();
        Task running = new AutomaticRotation(host.Loop, host.Rotations, Schedule, "example.org", clock, NullLogger.Instance).RunAsync(stop.Token);

        List<int> refusedAt = [];
        for (int minute = 0; minute < 200; minute++)
        {
            await AdminHost.UntilAsync("it to wait", () => clock.Waiting == 1);
            refusedAt.AddRange(Enumerable.Repeat(minute, await RefusalsAsync(host) - refusedAt.Count));
            clock.Advance(TimeSpan.FromMinutes(1));
        }

        await stop.CancelAsync();
        await running;
        Assert.Equal([0, 1, 3, 7, 15, 31, 63, 123, 183], refusedAt);
    }

    [Fact]
    public async Task One_that_was_turned_back_is_warned_of_every_day_until_the_root_is_left()
    {
        await using AdminHost host = await AdminHost.StartAsync(Short, time: _time);
        RotationClient rotations = new(host);
        string old = (await host.StateAsync()).Signer;
        DateTimeOffset expiry = (await host.TrustAsync()).Bundle[0].NotAfter.ToDateTimeOffset();
        _time.Advance(TimeSpan.FromDays(81));
        ManualTime clock = new(Start) { IsMonotonic = true };
        CapturedLog log = new();
        using CancellationTokenSource stop = new();
        Task running = new AutomaticRotation(host.Loop, host.Rotations, Schedule, "example.org", clock, log).RunAsync(stop.Token);

        await PassAsync(clock, hours: 48);
        Assert.Empty(log.Lines);
        await rotations.RollbackAsync(RotationSchedule.RequestIdFor(old));
        await AdminHost.UntilAsync("it to be back", async () =>
        {
            _time.Advance(TimeSpan.FromMinutes(1));
            return (await host.StateAsync()).Plan is null;
        });
        await PassAsync(clock, hours: 72);
        Assert.Equal(3, log.Lines.Count);
        Assert.All(log.Lines, line => Assert.Equal(
            (LogLevel.Warning, 1011, $"the chain of '{old}' expires at {expiry:u}, and no rotation leaves it: the one begun by the server has ended without that, and no second is begun. Run 'sdsctl rotation start --new'"),
            (line.Level, line.Id, line.Text.Trim())));

        await rotations.StartManuallyAsync("r1");
        await PassAsync(clock, hours: 48);
        Assert.Equal(3, log.Lines.Count);
        await stop.CancelAsync();
        await running;
    }

    [Fact]
    public async Task One_that_cannot_start_is_warned_of_every_day()
    {
        await using AdminHost host = await AdminHost.StartAsync(Short, expectedPlanTime: TimeSpan.FromDays(5000), time: _time);
        ManualTime clock = new(Start) { IsMonotonic = true };
        CapturedLog log = new();
        using CancellationTokenSource stop = new();
        Task running = new AutomaticRotation(host.Loop, host.Rotations, Schedule, "example.org", clock, log).RunAsync(stop.Token);

        await PassAsync(clock, hours: 24);
        Assert.Empty(log.Lines);
        _time.Advance(TimeSpan.FromDays(81));
        await PassAsync(clock, hours: 72);

        Assert.Equal(3, log.Lines.Count);
        Assert.All(log.Lines, line => Assert.Contains("could not be started, and is tried again, every hour at least: ", line.Text, StringComparison.Ordinal));
        await stop.CancelAsync();
        await running;
    }

    // It looks at the end of each six hours.
    private static async Task PassAsync(ManualTime clock, int hours)
    {
        for (int passed = 0; passed < hours; passed += 6)
        {
            await AdminHost.UntilAsync("it to wait", () => clock.Waiting == 1);
            clock.Advance(TimeSpan.FromHours(6));
            await AdminHost.UntilAsync("it to have looked", () => clock.Waiting == 1);
        }
    }

    // Each made a root, and took it away again.
    private static async Task<int> RefusalsAsync(AdminHost host) =>
        (await host.CallAsync<ListAuditEntriesRequest, ListAuditEntriesResponse>(
            SdsServer.Admin.AuditService.Descriptor, "ListAuditEntries", new ListAuditEntriesRequest { Parent = AdminHost.Domain })).AuditEntries.Count(entry => entry.Action == "CreateAuthority");

    private static void Short(ServerOptions options) => options.Root.Lifetime = TimeSpan.FromDays(100);

    private AutomaticRotation Of(AdminHost host) => new(host.Loop, host.Rotations, Schedule, "example.org", _time, NullLogger.Instance);
}
