using SdsServer.Admin;
using SdsServer.Grpc;
using SdsServer.Protos.Admin.V1;
using StatusCode = SdsServer.Grpc.StatusCode;

namespace SdsServer.Tests.Admin;

[Trait("Rule", "E14.5")]
public sealed class RoleTests
{
    [Fact]
    public async Task Edits_of_roles_walk_the_table_and_no_row_is_skipped()
    {
        await using AdminHost host = await AdminHost.StartAsync();
        RotationClient rotations = new(host);
        await host.EnrolAsync(2);
        string old = (await host.TrustAsync()).Signer;
        string next = (await host.CallAsync<CreateAuthorityRequest, Authority>(AuthorityService.Descriptor, "CreateAuthority", new CreateAuthorityRequest
        {
            Parent = AdminHost.Domain,
            ExpectedRevision = await host.RevisionAsync(),
            AuthorityId = "root-2027",
            BuiltInRoot = new NewAuthority(),
        })).Name;

        await ErrorDetails.FailsAsync(SetAsync(host, next, AuthorityRole.Active), StatusCode.FailedPrecondition, "ROLE_NOT_POSSIBLE");
        await SetAsync(host, next, AuthorityRole.Passive, validateOnly: true);
        Assert.Equal("", (await host.TrustAsync()).ActiveRotation);
        Assert.Equal(AuthorityRole.Passive, (await SetAsync(host, next, AuthorityRole.Passive)).Role);
        string rotation = (await host.TrustAsync()).ActiveRotation.Split('/')[^1];
        Assert.StartsWith("role-root-2027-", rotation, StringComparison.Ordinal);

        await rotations.UntilAsync(rotation, "G1 to open", now => now.Gate.AwaitingApproval);
        Assert.Equal(AuthorityRole.Active, (await SetAsync(host, next, AuthorityRole.Active)).Role);
        await rotations.UntilAsync(rotation, "the old leaves to be replaced", now => now is { Phase: Phase.Drained, Gate.AwaitingApproval: true });
        await ErrorDetails.FailsAsync(SetAsync(host, next, AuthorityRole.Inactive), StatusCode.FailedPrecondition, "ROLE_NOT_POSSIBLE");
        await SetAsync(host, old, AuthorityRole.Inactive);
        await rotations.UntilOverAsync(rotation);

        Assert.Equal(next, (await host.TrustAsync()).Signer);
        Assert.Equal([Phase.Distributing, Phase.Issuing, Phase.Removing, Phase.Steady], (await rotations.GetAsync(rotation)).Steps.Select(step => step.Phase));
        Assert.Contains(
            (await host.CallAsync<ListAuditEntriesRequest, ListAuditEntriesResponse>(AuditService.Descriptor, "ListAuditEntries", new ListAuditEntriesRequest { Parent = AdminHost.Domain })).AuditEntries,
            entry => entry is { Action: "SetAuthorityRole", Outcome: AuditOutcome.Refused });
    }

    [Fact]
    public async Task An_edit_states_the_revision_and_a_role()
    {
        await using AdminHost host = await AdminHost.StartAsync();
        string signer = (await host.TrustAsync()).Signer;

        await ErrorDetails.FailsAsync(SetAsync(host, signer, AuthorityRole.Passive, revision: 99), StatusCode.Aborted, "REVISION_CHANGED");
        RpcException wrong = await ErrorDetails.FailsAsync(SetAsync(host, signer, AuthorityRole.Unspecified, revision: 0), StatusCode.InvalidArgument, "INVALID_REQUEST");
        Assert.Equal(["expected_revision", "role"], wrong.WrongFields().Order(StringComparer.Ordinal));
        await ErrorDetails.FailsAsync(SetAsync(host, $"{AdminHost.Domain}/authorities/nobody", AuthorityRole.Passive), StatusCode.NotFound, "NO_SUCH_RESOURCE");
        RpcException alone = await ErrorDetails.FailsAsync(SetAsync(host, signer, AuthorityRole.Passive), StatusCode.FailedPrecondition, "ROLE_NOT_POSSIBLE");
        Assert.Contains("make another one active first", alone.Status.Detail);
    }

    private static async Task<Authority> SetAsync(AdminHost host, string name, AuthorityRole role, bool validateOnly = false, long? revision = null) =>
        await host.CallAsync<SetAuthorityRoleRequest, Authority>(AuthorityService.Descriptor, "SetAuthorityRole", new SetAuthorityRoleRequest
        {
            Name = name,
            ExpectedRevision = revision ?? await host.RevisionAsync(),
            Role = role,
            ValidateOnly = validateOnly,
            Reason = "test",
        });
}
