using SdsServer.Cli.Tests.Fakes;
using SdsServer.Protos.Admin.V1;

namespace SdsServer.Cli.Tests.Admin;

/// <summary>What is sent, where the golden scripts show only what is said.</summary>
public sealed class CommandTests
{
    [Fact]
    public async Task Start_sends_the_revision_it_read_and_only_the_policy_that_was_given()
    {
        StartRotationRequest sent = await SentAsync<StartRotationRequest>(
            "steady", "rotation start --to root-b --manual --gate drop=time:30m --trust-soak 1h30m --wave 1 --wave 12.5% --wave path=/ns/shop+label:tier=web --one-by-one --request-id r7 --reason why");

        Assert.Equal(42, sent.ExpectedRevision);
        Assert.Equal("trustDomains/example.org/authorities/root-b", sent.ToAuthority);
        Assert.Equal("r7", sent.RequestId);
        Assert.Equal("why", sent.Reason);
        Assert.Equal(RotationKind.Planned, sent.Kind);
        Assert.Equal((GateKind.Approval, GateKind.Approval, GateKind.Time), (sent.Policy.TrustGate.Kind, sent.Policy.WaveGate.Kind, sent.Policy.DropGate.Kind));
        Assert.Equal(TimeSpan.FromMinutes(30), sent.Policy.DropGate.After.ToTimeSpan());
        Assert.Equal(1, sent.Policy.MaxInFlight);
        Assert.False(sent.Policy.HasMaxSilentPercent || sent.Policy.HasAutomaticRollback);
        Assert.Equal(TimeSpan.FromMinutes(90), sent.Policy.TrustSoak.ToTimeSpan());
        Assert.Null(sent.Policy.DropSoak);
        Assert.Equal(1, sent.Policy.Waves[0].Proxies);
        Assert.Equal(12.5, sent.Policy.Waves[1].Percent);
        Assert.Equal(("/ns/shop", "web"), (sent.Policy.Waves[2].Selector.PathPrefix, sent.Policy.Waves[2].Selector.Labels["tier"]));
    }

    [Fact]
    public async Task An_emergency_names_the_stolen_root_and_its_deadlines()
    {
        StartRotationRequest sent = await SentAsync<StartRotationRequest>(
            "issuing", "rotation start --new --emergency --compromised root-a --sign-deadline 1m --force-at-deadlines --force");

        Assert.Equal((RotationKind.Emergency, "trustDomains/example.org/authorities/root-a", false), (sent.Kind, sent.CompromisedAuthority, sent.ValidateOnly));
        Assert.Equal((TimeSpan.FromMinutes(1), true), (sent.Policy.SignDeadline.ToTimeSpan(), sent.Policy.ForceAtDeadlines));
        Assert.Null(sent.Policy.DropDeadline);
    }

    [Fact]
    public async Task A_role_and_a_confirmation_state_what_was_seen()
    {
        SetAuthorityRoleRequest role = await SentAsync<SetAuthorityRoleRequest>("steady", "root role root-a passive --reason why");
        ConfirmTrustRequest trust = await SentAsync<ConfirmTrustRequest>("steady", "proxy confirm 5e77 --force");
        ConfirmAnchorsRequest anchors = await SentAsync<ConfirmAnchorsRequest>("steady", "anchors confirm 5e77 --force --reason looked");

        Assert.Equal((7L, "trustDomains/example.org/instances/5e77", "looked"), (anchors.Epoch, anchors.Name, anchors.Reason));
        Assert.Equal((42L, AuthorityRole.Passive, "why"), (role.ExpectedRevision, role.Role, role.Reason));
        Assert.Equal((7L, "trustDomains/example.org/instances/5e77"), (trust.Epoch, trust.Name));
    }

    [Fact]
    public async Task Start_without_a_request_id_makes_a_valid_one()
    {
        StartRotationRequest sent = await SentAsync<StartRotationRequest>("steady", "rotation start --new --key-algorithm p384 --lifetime 5y");

        Assert.Matches("^20261121-040000-[0-9a-f]{4}$", sent.RequestId);
        Assert.Equal(KeyAlgorithm.P384, sent.NewAuthority.KeyAlgorithm);
        Assert.Equal(TimeSpan.FromDays(1825), sent.NewAuthority.Lifetime.ToTimeSpan());
    }

    [Fact]
    public async Task Advance_approves_the_gate_it_saw()
    {
        AdvanceRotationRequest sent = await SentAsync<AdvanceRotationRequest>("approval", "rotation advance");

        Assert.Equal((GateCode.G2NextWave, 42L), (sent.Gate, sent.ExpectedRevision));
        Assert.Null(sent.Override);
    }

    [Fact]
    public async Task An_override_names_each_blocker_in_full()
    {
        AdvanceRotationRequest sent = await SentAsync<AdvanceRotationRequest>("issuing", "rotation advance --override 3f2a --force");

        Assert.Equal(["trustDomains/example.org/instances/3f2a"], sent.Override.Blockers);
    }

    [Fact]
    public async Task Hold_is_repeated_with_the_new_revision()
    {
        HoldRotationRequest sent = await SentAsync<HoldRotationRequest>("raced", "rotation hold");

        Assert.Equal(43, sent.ExpectedRevision);
    }

    [Fact]
    public async Task Unhold_states_the_cause_it_has_seen_and_the_reason()
    {
        UnholdRotationRequest sent = await SentAsync<UnholdRotationRequest>("held", "rotation unhold --reason 'false alarm'");
        Assert.Equal((HoldCause.Nack, "false alarm", 42), (sent.Cause, sent.Reason, sent.ExpectedRevision));
    }

    [Fact]
    public async Task A_token_goes_to_a_file_only_its_owner_reads()
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("sdsctl");
        string file = Path.Combine(folder.FullName, "token");
        await using FakeServer server = await FakeServer.StartAsync(new FakeAdmin(FakeMesh.In("steady")).Map);

        CliRun run = await CliRun.OfAsync(["token", "create", "spiffe://example.org/a", "-o", file], server.Address);

        Assert.Equal((0, ""), (run.ExitCode, run.Out));
        Assert.DoesNotContain("s3cr3t", run.Error, StringComparison.Ordinal);
        Assert.Equal("5b0c.s3cr3t\n", await File.ReadAllTextAsync(file));
        Assert.True(OperatingSystem.IsWindows() || File.GetUnixFileMode(file) == (UnixFileMode.UserRead | UnixFileMode.UserWrite));
        Assert.Equal(ExitCodes.Failure, (await CliRun.OfAsync(["token", "create", "spiffe://example.org/a", "-o", file], server.Address)).ExitCode);
        folder.Delete(recursive: true);
    }

    [Fact]
    public async Task Ctrl_C_ends_a_watch_with_130()
    {
        using CancellationTokenSource interrupted = new();
        await using FakeServer server = await FakeServer.StartAsync(new FakeAdmin(FakeMesh.In("steady")).Map);
        await interrupted.CancelAsync();

        Assert.Equal(ExitCodes.Interrupted, (await CliRun.OfAsync(["status", "--watch"], server.Address, cancellation: interrupted.Token)).ExitCode);
    }

    private static async Task<T> SentAsync<T>(string situation, string commandLine)
    {
        FakeAdmin admin = new(FakeMesh.In(situation));
        await using FakeServer server = await FakeServer.StartAsync(admin.Map);
        CliRun run = await CliRun.OfAsync(CliRun.Words(commandLine), server.Address);
        Assert.True(run.ExitCode == 0, run.Error);
        return Assert.Single(admin.Commands.OfType<T>(), sent => sent is not StartRotationRequest { ValidateOnly: true });
    }
}
