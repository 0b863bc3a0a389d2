using SdsServer.Admin;
using SdsServer.Grpc;
using SdsServer.Protos.Admin.V1;

namespace SdsServer.Tests.Admin;

/// <summary>Every call that may change something leaves one line that says who, what, why and how it ended, and no secret.</summary>
public sealed class AuditedCommandTests
{
    [Fact]
    public async Task Tokens_come_and_go_with_their_line()
    {
        await using AdminHost host = await AdminHost.StartAsync();
        CreateTokenResponse created = await CreateTokenAsync(host, "spiffe://example.org/web", "for web");
        await DeleteTokenAsync(host, created.Token.Name, "web is gone");

        AuditEntry[] entries = await NewestAsync(host, 2);

        Assert.Equal(
            [("CreateToken", created.Token.Name, "for web"), ("DeleteToken", created.Token.Name, "web is gone")],
            entries.Select(entry => (entry.Action, entry.Resource, entry.Reason)));
        Assert.Contains("spiffe://example.org/web", entries[0].Detail, StringComparison.Ordinal);
        long revision = await host.RevisionAsync();
        Assert.All(entries, entry =>
        {
            Assert.Equal((AuditOutcome.Done, revision), (entry.Outcome, entry.Revision));
            Assert.StartsWith("unix:uid=", entry.Actor, StringComparison.Ordinal);
            Assert.DoesNotContain(SecretOf(created), entry.ToString(), StringComparison.Ordinal);
        });
    }

    [Fact]
    public async Task A_token_that_the_store_did_not_take_is_told_as_failed()
    {
        await using AdminHost host = await AdminHost.StartAsync();
        host.Disk.BeforeCommit = method => method == "AddTokenAsync" ? throw new IOException("full") : Task.CompletedTask;

        await ErrorDetails.FailsAsync(CreateTokenAsync(host, "spiffe://example.org/web", "why"), StatusCode.Unavailable, "STORE_UNAVAILABLE");

        AuditEntry entry = Assert.Single(await NewestAsync(host, 1));
        Assert.Equal(("CreateToken", AdminHost.Domain, AuditOutcome.Failed, "why"), (entry.Action, entry.Resource, entry.Outcome, entry.Reason));
    }

    [Fact]
    public async Task A_refusal_is_told_with_its_reason_whoever_refuses()
    {
        await using AdminHost host = await AdminHost.StartAsync();
        RotationClient rotations = new(host);
        long revision = await host.RevisionAsync();

        RpcException invalid = await ErrorDetails.FailsAsync(CreateTokenAsync(host, "spiffe://other.org/web", "try"), StatusCode.InvalidArgument, "INVALID_REQUEST");
        RpcException missing = await ErrorDetails.FailsAsync(DeleteTokenAsync(host, $"{AdminHost.Domain}/tokens/none", ""), StatusCode.NotFound, "NO_SUCH_RESOURCE");
        RpcException stale = await ErrorDetails.FailsAsync(rotations.StartAsync("r1", request => request.ExpectedRevision = 99), StatusCode.Aborted, "REVISION_CHANGED");
        RpcException absent = await ErrorDetails.FailsAsync(rotations.HoldAsync("r2", "stop"), StatusCode.NotFound, "NO_SUCH_RESOURCE");
        string signer = (await host.StateAsync()).Signer;
        RpcException inUse = await ErrorDetails.FailsAsync(
            host.CallAsync<DeleteAuthorityRequest, DeleteAuthorityResponse>(
                AuthorityService.Descriptor, "DeleteAuthority",
                new DeleteAuthorityRequest { Name = $"{AdminHost.Domain}/authorities/{signer}", ExpectedRevision = revision, Reason = "tidy" }),
            StatusCode.FailedPrecondition, "AUTHORITY_IN_USE");

        AuditEntry[] entries = await NewestAsync(host, 5);

        Assert.Equal(
            [
                ("CreateToken", AdminHost.Domain, "try"),
                ("DeleteToken", $"{AdminHost.Domain}/tokens/none", ""),
                ("StartRotation", RotationClient.Name("r1"), "test"),
                ("HoldRotation", RotationClient.Name("r2"), "stop"),
                ("DeleteAuthority", $"{AdminHost.Domain}/authorities/{signer}", "tidy"),
            ],
            entries.Select(entry => (entry.Action, entry.Resource, entry.Reason)));
        Assert.All(
            entries.Zip([invalid, missing, stale, absent, inUse]),
            pair => Assert.Contains(pair.Second.Status.Detail, pair.First.Detail, StringComparison.Ordinal));
        Assert.All(entries, entry => Assert.Equal((AuditOutcome.Refused, revision), (entry.Outcome, entry.Revision)));
        Assert.Equal("r1", entries[2].RequestId);
    }

    [Fact]
    public async Task What_changes_nothing_is_told_once_and_is_no_part_of_a_rotation()
    {
        await using AdminHost host = await AdminHost.StartAsync();
        RotationClient rotations = new(host);
        await rotations.StartManuallyAsync("r1");
        Rotation before = await rotations.GetAsync("r1");

        await rotations.StartManuallyAsync("r1");
        await rotations.ResumeAsync("r1");
        await ErrorDetails.FailsAsync(rotations.AdvanceAsync("r1", GateCode.G4Gone), StatusCode.FailedPrecondition, "WRONG_PHASE");

        Assert.Equal(
            [("ResumeForward", AuditOutcome.Done), ("AdvanceRotation", AuditOutcome.Refused)],
            (await NewestAsync(host, 2)).Select(entry => (entry.Action, entry.Outcome)));
        Rotation after = await rotations.GetAsync("r1");
        Assert.Equal(before.Decisions, after.Decisions);
        Assert.Equal(before.Steps, after.Steps);
    }

    [Fact]
    public async Task A_dry_run_leaves_no_line()
    {
        await using AdminHost host = await AdminHost.StartAsync();
        RotationClient rotations = new(host);
        await rotations.StartManuallyAsync("r1");
        long last = (await NewestAsync(host, 1))[0].Number;

        await rotations.RollbackAsync("r1", validateOnly: true);
        await ErrorDetails.FailsAsync(rotations.AdvanceAsync("r1", GateCode.G4Gone, request => request.ValidateOnly = true), StatusCode.FailedPrecondition, "WRONG_PHASE");

        Assert.Equal(last, (await NewestAsync(host, 1))[0].Number);
    }

    [Fact]
    public async Task Secrets_sent_again_are_told_with_their_names()
    {
        await using AdminHost host = await AdminHost.StartAsync();
        await host.EnrolAsync(1);
        string instance = $"{AdminHost.Domain}/instances/{(await host.Loop.ReadAsync(engine => engine.Instances(), default))[0].Id}";

        RepushSecretsResponse response = await host.CallAsync<RepushSecretsRequest, RepushSecretsResponse>(
            FleetService.Descriptor, "RepushSecrets", new RepushSecretsRequest { Name = instance, Reason = "looks stuck" });

        Assert.Equal(["ROOTCA", "default"], response.Secrets);
        AuditEntry entry = Assert.Single(await NewestAsync(host, 1));
        Assert.Equal(("RepushSecrets", instance, "looks stuck", AuditOutcome.Done), (entry.Action, entry.Resource, entry.Reason, entry.Outcome));
        Assert.DoesNotContain("nothing to change", entry.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_secret_in_the_wrong_field_is_in_no_log()
    {
        await using AdminHost host = await AdminHost.StartAsync();
        CreateTokenResponse created = await CreateTokenAsync(host, "spiffe://example.org/web", "first");

        await ErrorDetails.FailsAsync(DeleteTokenAsync(host, $"{AdminHost.Domain}/tokens/{created.Secret}", ""), StatusCode.NotFound, "NO_SUCH_RESOURCE");
        await DeleteTokenAsync(host, created.Token.Name, $"leaked: {created.Secret} -----BEGIN PRIVATE KEY----- MIGHAgEA");
        RotationClient rotations = new(host);
        await rotations.StartManuallyAsync("r1");
        await rotations.HoldAsync("r1", $"is {created.Secret} known?");

        Assert.Contains("sds_", (await NewestAsync(host, 1))[0].Reason, StringComparison.Ordinal);
        Assert.All(await NewestAsync(host, 20), entry => Assert.DoesNotContain(SecretOf(created), entry.ToString(), StringComparison.Ordinal));
        Assert.All(await NewestAsync(host, 20), entry => Assert.DoesNotContain("MIGHAgEA", entry.ToString(), StringComparison.Ordinal));
        Assert.DoesNotContain(host.Log.Lines, line => line.Text.Contains(SecretOf(created), StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_log_that_cannot_be_written_changes_no_answer()
    {
        await using AdminHost host = await AdminHost.StartAsync();
        host.Disk.BeforeCommit = method => method == "AppendLogAsync" ? throw new IOException("full") : Task.CompletedTask;

        await ErrorDetails.FailsAsync(DeleteTokenAsync(host, $"{AdminHost.Domain}/tokens/none", ""), StatusCode.NotFound, "NO_SUCH_RESOURCE");

        Assert.Contains(host.Log.Lines, line => line.Id == 5006 && line.Text.Contains("DeleteToken", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Unhold_states_the_cause_that_was_looked_at()
    {
        await using AdminHost host = await AdminHost.StartAsync();
        RotationClient rotations = new(host);
        await rotations.StartManuallyAsync("r1");
        Assert.Equal(HoldCause.Unspecified, (await rotations.GetAsync("r1")).HoldCause);
        Assert.Equal(HoldCause.Operator, (await rotations.HoldAsync("r1", "change freeze")).HoldCause);

        await ErrorDetails.FailsAsync(rotations.UnholdAsync("r1", HoldCause.Nack), StatusCode.Aborted, "REVISION_CHANGED");
        RpcException unknown = await ErrorDetails.FailsAsync(rotations.UnholdAsync("r1", (HoldCause)99), StatusCode.InvalidArgument, "INVALID_REQUEST");
        Assert.Equal(["cause"], unknown.WrongFields());
        Assert.True((await rotations.GetAsync("r1")).Held);

        Assert.False((await rotations.UnholdAsync("r1", HoldCause.Operator)).Held);
        AuditEntry entry = Assert.Single(await NewestAsync(host, 1));
        Assert.Equal(("UnholdRotation", "false alarm", AuditOutcome.Done), (entry.Action, entry.Reason, entry.Outcome));
        Assert.Contains("held by Operator: change freeze", entry.Detail, StringComparison.Ordinal);
    }

    private static string SecretOf(CreateTokenResponse created) => created.Secret[(created.Secret.IndexOf('_', 4) + 1)..];

    private static Task<CreateTokenResponse> CreateTokenAsync(AdminHost host, string spiffeId, string reason) =>
        host.CallAsync<CreateTokenRequest, CreateTokenResponse>(
            TokenService.Descriptor, "CreateToken", new CreateTokenRequest { Parent = AdminHost.Domain, SpiffeId = spiffeId, Reason = reason });

    private static Task<DeleteTokenResponse> DeleteTokenAsync(AdminHost host, string name, string reason) =>
        host.CallAsync<DeleteTokenRequest, DeleteTokenResponse>(TokenService.Descriptor, "DeleteToken", new DeleteTokenRequest { Name = name, Reason = reason });

    /// <summary>The newest lines, oldest first.</summary>
    private static async Task<AuditEntry[]> NewestAsync(AdminHost host, int count)
    {
        ListAuditEntriesResponse page = await host.CallAsync<ListAuditEntriesRequest, ListAuditEntriesResponse>(
            AuditService.Descriptor, "ListAuditEntries", new ListAuditEntriesRequest { Parent = AdminHost.Domain, PageSize = count });
        return [.. page.AuditEntries.Reverse()];
    }
}
