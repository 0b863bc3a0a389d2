using SdsServer.Admin;
using SdsServer.Grpc;
using SdsServer.Grpc.Client;
using SdsServer.Protos.Admin.V1;

namespace SdsServer.Tests.Admin;

public sealed class FleetTests
{
    [Fact]
    public async Task Pages_stay_right_while_instances_come_and_go()
    {
        await using AdminHost host = await AdminHost.StartAsync();
        ScriptedProxy[] fleet = await host.EnrolAsync(5);
        ListInstancesRequest request = new() { Parent = AdminHost.Domain, PageSize = 2 };
        ListInstancesResponse first = await ListAsync(host, request);
        Assert.Equal(["svc-00", "svc-01"], first.Instances.Select(instance => instance.NodeId));

        ScriptedProxy before = new(host.Loop, "aaa"), behind = new(host.Loop, "svc-99");
        await AdminHost.UntilAsync("the newcomers to have leaves", () => before.Leaf is not null && behind.Leaf is not null);
        fleet[1].Leave();
        await AdminHost.UntilAsync("it to be away", async () => (await host.TrustAsync()).Fleet.Absent == 1);
        await RetireAsync(host, first.Instances[1].Name);
        request.PageToken = first.NextPageToken;
        ListInstancesResponse second = await ListAsync(host, request);
        request.PageToken = second.NextPageToken;
        ListInstancesResponse third = await ListAsync(host, request);

        Assert.Equal(["svc-02", "svc-03"], second.Instances.Select(instance => instance.NodeId));
        Assert.Equal(["svc-04", "svc-99"], third.Instances.Select(instance => instance.NodeId));
        Assert.Equal("", third.NextPageToken);
    }

    [Fact]
    public async Task An_instance_shows_what_it_may_run_and_a_filter_finds_it()
    {
        await using AdminHost host = await AdminHost.StartAsync();
        ScriptedProxy[] fleet = await host.EnrolAsync(3);
        fleet[0].Leave();
        await AdminHost.UntilAsync("it to be away", async () => (await host.TrustAsync()).Fleet.Absent == 1);

        Instance member = Assert.Single((await FilterAsync(new InstanceFilter { SpiffeIdPrefix = fleet[1].SpiffeId })).Instances);
        Assert.Equal((InstanceState.Member, true, 1, "envoy 1.40.0", "ip:10.0.0.1"), (member.State, member.Connected, member.Slots, member.UserAgent, member.Peer));
        Assert.Equal(["ROOTCA", "default"], member.Secrets);
        Assert.InRange(member.LastSeenTime.ToDateTimeOffset(), member.FirstSeenTime.ToDateTimeOffset(), TimeProvider.System.GetUtcNow());
        OutstandingLeaf leaf = Assert.Single(member.OutstandingLeaves);
        Assert.Equal((fleet[1].Leaf, true), (leaf.Serial, leaf.Acked));
        Assert.Equal(member, await host.CallAsync<GetInstanceRequest, Instance>(FleetService.Descriptor, "GetInstance", new GetInstanceRequest { Name = member.Name }));
        Assert.Equal("svc-00", Assert.Single((await FilterAsync(new InstanceFilter { States = { InstanceState.Absent } })).Instances).NodeId);
        Assert.Equal("svc-02", Assert.Single((await FilterAsync(new InstanceFilter { NodeId = "svc-02" })).Instances).NodeId);
        Assert.Empty((await FilterAsync(new InstanceFilter { Nacked = true })).Instances);
        RpcException error = await ErrorDetails.FailsAsync(
            FilterAsync(new InstanceFilter { States = { (InstanceState)99 }, BelowEpoch = -1 }), StatusCode.InvalidArgument, "INVALID_REQUEST");
        Assert.Equal(["filter.below_epoch", "filter.states"], error.WrongFields().Order(StringComparer.Ordinal));

        Task<ListInstancesResponse> FilterAsync(InstanceFilter filter) => ListAsync(host, new ListInstancesRequest { Parent = AdminHost.Domain, Filter = filter });
    }

    [Fact]
    public async Task A_watch_tells_what_is_there_what_changes_and_what_goes()
    {
        await using AdminHost host = await AdminHost.StartAsync();
        ScriptedProxy[] fleet = await host.EnrolAsync(2);
        await using ClientCall<WatchInstancesRequest, WatchInstancesResponse> watch = await host.WatchAsync<WatchInstancesRequest, WatchInstancesResponse>(
            FleetService.Descriptor, "WatchInstances", new WatchInstancesRequest { Parent = AdminHost.Domain });

        WatchInstancesResponse current = (await watch.ReadAsync())!;
        Assert.True(current.CurrentSent);
        Assert.Equal(2, current.Changes.Count);
        fleet[0].Leave();
        InstanceChange away = await NextAsync(change => change.Instance is { NodeId: "svc-00", Connected: false });
        Assert.Equal((ChangeKind.Updated, InstanceState.Absent), (away.Kind, away.Instance.State));
        await RetireAsync(host, away.Instance.Name);
        Assert.Equal("svc-00", (await NextAsync(change => change.Kind == ChangeKind.Removed)).Instance.NodeId);

        async Task<InstanceChange> NextAsync(Func<InstanceChange, bool> condition)
        {
            while (true)
            {
                WatchInstancesResponse response = (await watch.ReadAsync())!;
                Assert.False(response.CurrentSent);
                if (response.Changes.FirstOrDefault(condition) is { } found)
                {
                    return found;
                }
            }
        }
    }

    [Fact]
    public async Task Only_a_process_that_is_gone_can_be_retired()
    {
        await using AdminHost host = await AdminHost.StartAsync();
        ScriptedProxy[] fleet = await host.EnrolAsync(1);
        Instance instance = (await ListAsync(host, new ListInstancesRequest { Parent = AdminHost.Domain })).Instances.Single();

        await ErrorDetails.FailsAsync(RetireAsync(host, instance.Name), StatusCode.FailedPrecondition, "INSTANCE_CONNECTED");
        await ErrorDetails.FailsAsync(RetireAsync(host, instance.Name, validateOnly: true), StatusCode.FailedPrecondition, "INSTANCE_CONNECTED");
        fleet[0].Leave();
        await AdminHost.UntilAsync("it to be away", async () => (await host.TrustAsync()).Fleet.Absent == 1);
        await RetireAsync(host, instance.Name, validateOnly: true);
        Assert.Equal(1, (await host.TrustAsync()).Fleet.Members);
        RetireInstanceResponse retired = await RetireAsync(host, instance.Name);

        Assert.Equal(fleet[0].Leaf, Assert.Single(retired.Instance.OutstandingLeaves).Serial);
        Assert.Equal(0, (await host.TrustAsync()).Fleet.Members);
        await ErrorDetails.FailsAsync(RetireAsync(host, instance.Name), StatusCode.NotFound, "NO_SUCH_RESOURCE");
    }

    [Fact]
    public async Task Secrets_go_out_again_as_fresh_bytes()
    {
        await using AdminHost host = await AdminHost.StartAsync();
        ScriptedProxy[] fleet = await host.EnrolAsync(1);
        string first = fleet[0].Leaf!;
        string name = (await ListAsync(host, new ListInstancesRequest { Parent = AdminHost.Domain })).Instances.Single().Name;

        await RepushAsync(new RepushSecretsRequest { Name = name, Reason = "mended" });

        await AdminHost.UntilAsync("a new leaf", () => fleet[0].Leaf != first);
        await ErrorDetails.FailsAsync(RepushAsync(new RepushSecretsRequest { Name = name, Secrets = { "ROOTCA" } }), StatusCode.InvalidArgument, "INVALID_REQUEST");

        Task<RepushSecretsResponse> RepushAsync(RepushSecretsRequest request) =>
            host.CallAsync<RepushSecretsRequest, RepushSecretsResponse>(FleetService.Descriptor, "RepushSecrets", request);
    }

    [Fact]
    public async Task Leaves_are_listed_with_the_root_they_need()
    {
        await using AdminHost host = await AdminHost.StartAsync();
        ScriptedProxy[] fleet = await host.EnrolAsync(3);
        TrustDomain trust = await host.TrustAsync();
        string root = trust.Bundle.Single().RootId;

        ListLeavesResponse all = await LeavesAsync(new ListLeavesRequest { Parent = AdminHost.Domain, NeedsRootId = root, Authority = trust.Signer });

        Assert.Equal(fleet.Select(proxy => proxy.Leaf).Order(), all.Leaves.Select(leaf => leaf.Serial).Order());
        Assert.All(all.Leaves, leaf => Assert.Equal([root], leaf.Anchors));
        Assert.All(all.Leaves, leaf => Assert.Equal(LeafState.Acked, leaf.State));
        Leaf one = Assert.Single((await LeavesAsync(new ListLeavesRequest { Parent = AdminHost.Domain, SpiffeIdPrefix = fleet[1].SpiffeId })).Leaves);
        Assert.Equal(one, Assert.Single((await LeavesAsync(new ListLeavesRequest { Parent = AdminHost.Domain, Instance = one.Instance })).Leaves));
        Assert.Empty((await LeavesAsync(new ListLeavesRequest { Parent = AdminHost.Domain, States = { LeafState.Nacked } })).Leaves);
        Assert.Empty((await LeavesAsync(new ListLeavesRequest { Parent = AdminHost.Domain, NeedsRootId = new string('0', 32) })).Leaves);

        RpcException error = await ErrorDetails.FailsAsync(
            LeavesAsync(new ListLeavesRequest { Parent = AdminHost.Domain, ExpiresBefore = new Google.Protobuf.WellKnownTypes.Timestamp { Seconds = long.MaxValue }, PageSize = -1 }),
            StatusCode.InvalidArgument,
            "INVALID_REQUEST");
        Assert.Equal(["expires_before", "page_size"], error.WrongFields());

        Task<ListLeavesResponse> LeavesAsync(ListLeavesRequest request) => host.CallAsync<ListLeavesRequest, ListLeavesResponse>(LeafService.Descriptor, "ListLeaves", request);
    }

    private static Task<ListInstancesResponse> ListAsync(AdminHost host, ListInstancesRequest request) =>
        host.CallAsync<ListInstancesRequest, ListInstancesResponse>(FleetService.Descriptor, "ListInstances", request);

    private static Task<RetireInstanceResponse> RetireAsync(AdminHost host, string name, bool validateOnly = false) =>
        host.CallAsync<RetireInstanceRequest, RetireInstanceResponse>(
            FleetService.Descriptor, "RetireInstance", new RetireInstanceRequest { Name = name, ValidateOnly = validateOnly, Reason = "pod deleted" });
}
