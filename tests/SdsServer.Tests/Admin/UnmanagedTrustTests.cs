using SdsServer.Admin;
using SdsServer.Protos.Admin.V1;
using StatusCode = SdsServer.Grpc.StatusCode;

namespace SdsServer.Tests.Admin;

public sealed class UnmanagedTrustTests
{
    [Fact]
    public async Task A_proxy_that_takes_no_bundle_is_listed_and_counts_once_an_operator_has_looked()
    {
        await using AdminHost host = await AdminHost.StartAsync();
        ScriptedProxy[] fleet = await host.EnrolAsync(1);
        ScriptedProxy legacy = new(host.Loop, "legacy", managed: false);
        await AdminHost.UntilAsync("it to be listed", async () => (await UnmanagedAsync(host)).Count == 1);
        Instance listed = (await UnmanagedAsync(host)).Single();
        Assert.Equal((legacy.SpiffeId, true, false), (listed.SpiffeId, listed.UnmanagedTrust, listed.TrustConfirmed));
        string managed = (await host.CallAsync<ListInstancesRequest, ListInstancesResponse>(FleetService.Descriptor, "ListInstances", new ListInstancesRequest { Parent = AdminHost.Domain }))
            .Instances.Single(instance => instance.SpiffeId == fleet[0].SpiffeId).Name;

        await ErrorDetails.FailsAsync(ConfirmAsync(host, managed), StatusCode.FailedPrecondition, "TRUST_MANAGED");
        await ErrorDetails.FailsAsync(ConfirmAsync(host, managed, validateOnly: true), StatusCode.FailedPrecondition, "TRUST_MANAGED");
        await ErrorDetails.FailsAsync(ConfirmAsync(host, listed.Name, epoch: 99), StatusCode.Aborted, "REVISION_CHANGED");
        await ErrorDetails.FailsAsync(ConfirmAsync(host, listed.Name, epoch: 0), StatusCode.InvalidArgument, "INVALID_REQUEST");
        Assert.False((await ConfirmAsync(host, listed.Name, validateOnly: true)).TrustConfirmed);

        Instance confirmed = await ConfirmAsync(host, listed.Name);

        Assert.Equal((true, true), (confirmed.UnmanagedTrust, confirmed.TrustConfirmed));
        Assert.Equal((await host.TrustAsync()).Epoch, confirmed.LowestEpoch);
        await AdminHost.UntilAsync("it to get its leaf", () => legacy.Leaf is not null);
    }

    private static async Task<Instance> ConfirmAsync(AdminHost host, string name, long? epoch = null, bool validateOnly = false) =>
        await host.CallAsync<ConfirmTrustRequest, Instance>(FleetService.Descriptor, "ConfirmTrust", new ConfirmTrustRequest
        {
            Name = name,
            Epoch = epoch ?? (await host.TrustAsync()).Epoch,
            ValidateOnly = validateOnly,
            Reason = "looked",
        });

    private static async Task<IReadOnlyList<Instance>> UnmanagedAsync(AdminHost host) => (await host.CallAsync<ListInstancesRequest, ListInstancesResponse>(
        FleetService.Descriptor, "ListInstances", new ListInstancesRequest { Parent = AdminHost.Domain, Filter = new InstanceFilter { UnmanagedTrust = true } })).Instances;
}
