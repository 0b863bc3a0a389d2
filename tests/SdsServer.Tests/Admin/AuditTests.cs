using SdsServer.Admin;
using SdsServer.Grpc;
using SdsServer.Grpc.Client;
using SdsServer.Protos.Admin.V1;

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

    private static Task<ListAuditEntriesResponse> ListAsync(AdminHost host, ListAuditEntriesRequest request) =>
        host.CallAsync<ListAuditEntriesRequest, ListAuditEntriesResponse>(AuditService.Descriptor, "ListAuditEntries", request);
}
