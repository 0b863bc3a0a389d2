using SdsServer.Admin;
using SdsServer.Core.Audit;
using SdsServer.Grpc;
using SdsServer.Grpc.Client;
using SdsServer.Protos.Admin.V1;
using SdsServer.Testing;
using Decision = SdsServer.Core.Rotation.Decision;

namespace SdsServer.Tests.Admin;

public sealed class AuditTests
{
    [Fact]
    public async Task The_log_names_who_did_what_newest_first_in_pages()
    {
        await using AdminHost host = await AdminHost.StartAsync();
        RotationClient rotations = new(host);
        await rotations.StartAsync("r1");
        await rotations.UntilOverAsync("r1");
        ListAuditEntriesRequest request = new() { Parent = AdminHost.Domain, PageSize = 3 };
        List<AuditEntry> all = [];
        do
        {
            ListAuditEntriesResponse page = await ListAsync(host, request);
            Assert.InRange(page.AuditEntries.Count, 1, 3);
            all.AddRange(page.AuditEntries);
            request.PageToken = page.NextPageToken;
        }
        while (request.PageToken.Length > 0);

        Assert.Equal(all.OrderByDescending(entry => entry.Number), all);
        Assert.Equal(
            ["CreateTrustDomain", "BeginTerm", "CreateAuthority", "StartRotation", "SetSigner", "DropTrust", "FinishRotation"],
            Enumerable.Reverse(all).Select(entry => entry.Action));
        Assert.Equal([1, 1, 2, 4, 5, 6, 7], Enumerable.Reverse(all).Select(entry => entry.Revision));
        AuditEntry start = all.Single(entry => entry.Action == "StartRotation");
        Assert.Equal((RotationClient.Name("r1"), "r1", "test", AuditOutcome.Done), (start.Resource, start.RequestId, start.Reason, start.Outcome));
        Assert.StartsWith("unix:uid=", start.Actor, StringComparison.Ordinal);
        ListAuditEntriesResponse filtered = await ListAsync(host, new ListAuditEntriesRequest { Parent = AdminHost.Domain, Resource = RotationClient.Name("r1"), Actor = "engine" });
        Assert.Equal(["FinishRotation", "DropTrust", "SetSigner"], filtered.AuditEntries.Select(entry => entry.Action));
        Assert.Empty((await ListAsync(host, new ListAuditEntriesRequest { Parent = AdminHost.Domain, EndTime = all[^1].Time })).AuditEntries);
    }

    [Fact]
    public async Task A_watch_begins_where_the_caller_left_off_and_leaves_nothing_out()
    {
        await using AdminHost host = await AdminHost.StartAsync();
        RotationClient rotations = new(host);
        long last = (await ListAsync(host, new ListAuditEntriesRequest { Parent = AdminHost.Domain })).AuditEntries[0].Number;
        await using ClientCall<WatchAuditEntriesRequest, WatchAuditEntriesResponse> watch = await host.WatchAsync<WatchAuditEntriesRequest, WatchAuditEntriesResponse>(
            AuditService.Descriptor, "WatchAuditEntries", new WatchAuditEntriesRequest { Parent = AdminHost.Domain, AfterNumber = last });
        await rotations.StartAsync("r1");

        List<AuditEntry> seen = [];
        while (seen.Count < 5)
        {
            seen.AddRange((await watch.ReadAsync())!.AuditEntries);
        }

        Assert.Equal(["CreateAuthority", "StartRotation", "SetSigner", "DropTrust", "FinishRotation"], seen.Select(entry => entry.Action));
        Assert.Equal(Enumerable.Range(1, 5).Select(step => last + step), seen.Select(entry => entry.Number));
    }

    [Fact]
    public async Task An_intact_log_is_told_with_its_head_which_can_be_expected_later()
    {
        await using AdminHost host = await AdminHost.StartAsync();
        VerifyAuditLogResponse first = await VerifyAsync(host);
        await new RotationClient(host).StartAsync("r1");
        VerifyAuditLogResponse later = await VerifyAsync(host, first.Head);

        Assert.Null(later.FirstBreak);
        Assert.True(later.Head.Number > first.Head.Number);
        Assert.Equal(later.Head.Number, later.Lines);
        Assert.Contains((await ListAsync(host, new ListAuditEntriesRequest { Parent = AdminHost.Domain })).AuditEntries, entry => entry.Number == first.Head.Number && entry.Hash == first.Head.Hash);
    }

    [Fact]
    public async Task The_first_line_that_is_not_what_was_written_is_named()
    {
        await using AdminHost host = await AdminHost.StartAsync();
        AuditHead noted = (await VerifyAsync(host)).Head;
        host.Disk.AlterLog("example.org", 1, line => line with { Actor = "nobody" });

        VerifyAuditLogResponse found = await VerifyAsync(host, noted);

        Assert.Equal((2L, AuditFault.Altered, 1L, 1L), (found.FirstBreak.Number, found.FirstBreak.Fault, found.Head.Number, found.Lines));
        Assert.Contains("line 2", found.FirstBreak.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, AuditFault.Unexpected)]
    [InlineData(99, AuditFault.Cut)]
    public async Task A_head_that_is_not_there_any_more_is_a_break(long number, AuditFault fault)
    {
        await using AdminHost host = await AdminHost.StartAsync();
        VerifyAuditLogResponse found = await VerifyAsync(host, new AuditHead { Number = number, Hash = new string('a', 64) });
        Assert.Equal((number, fault), (found.FirstBreak.Number, found.FirstBreak.Fault));
    }

    [Theory]
    [InlineData(-1, "aa")]
    [InlineData(1, "")]
    [InlineData(1, "zz")]
    public async Task What_is_no_head_is_refused(long number, string pair)
    {
        await using AdminHost host = await AdminHost.StartAsync();
        AuditHead wrong = new() { Number = number, Hash = string.Concat(Enumerable.Repeat(pair, 32)) };
        RpcException refused = await ErrorDetails.FailsAsync(VerifyAsync(host, wrong), StatusCode.InvalidArgument, "INVALID_REQUEST");
        Assert.Equal(["expected_head"], refused.WrongFields());
    }

    [Fact]
    public void Every_fault_has_its_name_in_the_api() =>
        Assert.Equal(Enum.GetNames<LogFault>(), Enum.GetNames<AuditFault>().Skip(1));

    [Fact]
    public async Task An_export_holds_what_its_hashes_cover_and_goes_on_where_the_last_one_ended()
    {
        await using AdminHost host = await AdminHost.StartAsync();
        RotationClient rotations = new(host);
        await rotations.StartAsync("r1");
        await rotations.UntilOverAsync("r1");
        AuditHead head = (await VerifyAsync(host)).Head;

        List<AuditRecord> all = await ExportAsync(host, 0);

        Assert.Equal(head.Number, all.Count);
        Assert.Equal((LogChain.Origin("example.org"), head.Hash), (all[0].PreviousHash, all[^1].Hash));
        Assert.Equal(all[..^1].Select(record => record.Hash), all[1..].Select(record => record.PreviousHash));
        Assert.All(all, record => Assert.Equal(record.Hash, LogChain.Hash(record.PreviousHash, record.TrustDomain, Line(record))));
        Assert.Equal(all[2..], await ExportAsync(host, 2));
        Assert.Empty(await ExportAsync(host, head.Number));
        RpcException refused = await ErrorDetails.FailsAsync(ExportAsync(host, head.Number + 1), StatusCode.InvalidArgument, "INVALID_REQUEST");
        Assert.Equal(["after_number"], refused.WrongFields());
    }

    [Fact]
    public async Task What_was_found_at_start_stands_with_the_trust_domain()
    {
        SimulatedDisk disk = new();
        await using (AdminHost first = await AdminHost.StartAsync(disk: disk))
        {
            Assert.Equal("", (await first.TrustAsync()).AuditWarning);
        }

        disk.AlterLog("example.org", 0, line => line with { At = line.At - 1 });
        await using AdminHost host = await AdminHost.StartAsync(disk: disk);
        Assert.Contains("line 1", (await host.TrustAsync()).AuditWarning, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_export_of_many_lines_comes_in_pieces()
    {
        await using AdminHost host = await AdminHost.StartAsync();
        long term = (await host.Loop.ReadAsync(engine => engine.State, default)).Term;
        Decision line = (await host.Store.ReadLogAsync("example.org", 0, 1, default))[0].Entry;
        await host.Store.AppendLogAsync("example.org", term, [.. Enumerable.Repeat(line, 1_200)], default);

        List<AuditRecord> all = await ExportAsync(host, 0);

        Assert.True(all.Count > 1_200);
        Assert.Equal(Enumerable.Range(1, all.Count).Select(number => (long)number), all.Select(record => record.Number));
    }

    private static LogLine Line(AuditRecord record) => new()
    {
        Number = record.Number,
        At = record.Time.ToDateTimeOffset().UtcTicks,
        Actor = record.Actor,
        Kind = record.Kind,
        Subject = record.Subject,
        RotationId = record.RotationId,
        Action = record.Action,
        Reason = record.Reason,
        Evidence = record.Evidence,
        Outcome = record.Outcome,
        Error = record.Error,
        Revision = record.Revision,
    };

    private static Task<VerifyAuditLogResponse> VerifyAsync(AdminHost host, AuditHead? expected = null) =>
        host.CallAsync<VerifyAuditLogRequest, VerifyAuditLogResponse>(
            AuditService.Descriptor, "VerifyAuditLog", new VerifyAuditLogRequest { Parent = AdminHost.Domain, ExpectedHead = expected });

    private static async Task<List<AuditRecord>> ExportAsync(AdminHost host, long after)
    {
        await using ClientCall<ExportAuditLogRequest, ExportAuditLogResponse> call = await host.WatchAsync<ExportAuditLogRequest, ExportAuditLogResponse>(
            AuditService.Descriptor, "ExportAuditLog", new ExportAuditLogRequest { Parent = AdminHost.Domain, AfterNumber = after });
        List<AuditRecord> all = [];
        while (await call.ReadAsync() is { } response)
        {
            all.AddRange(response.Records);
        }

        return all;
    }

    private static Task<ListAuditEntriesResponse> ListAsync(AdminHost host, ListAuditEntriesRequest request) =>
        host.CallAsync<ListAuditEntriesRequest, ListAuditEntriesResponse>(AuditService.Descriptor, "ListAuditEntries", request);
}
