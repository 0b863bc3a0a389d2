using SdsServer.Admin;
using SdsServer.Admin.Requests;
using SdsServer.Core.Rotation;
using SdsServer.Grpc;
using SdsServer.Grpc.Client;
using SdsServer.Protos.Admin.V1;
using SdsServer.Testing;
using Blocker = SdsServer.Protos.Admin.V1.Blocker;
using BlockerReason = SdsServer.Protos.Admin.V1.BlockerReason;
using Refusal = SdsServer.Protos.Admin.V1.Refusal;

namespace SdsServer.Tests.Admin;

/// <summary>What all calls have in common.</summary>
public sealed class AdminCallTests
{
    [Fact]
    public async Task A_watch_follows_the_state_and_ends_with_the_server()
    {
        AdminHost host = await AdminHost.StartAsync();
        await using AdminHost disposing = host;
        await using ClientCall<WatchTrustDomainRequest, WatchTrustDomainResponse> watch = await host.WatchAsync<WatchTrustDomainRequest, WatchTrustDomainResponse>(
            TrustDomainService.Descriptor, "WatchTrustDomain", new WatchTrustDomainRequest { Name = AdminHost.Domain });
        Assert.Equal(0, (await watch.ReadAsync())!.TrustDomain.Fleet.Members);
        await host.EnrolAsync(1);
        TrustDomain seen;
        do
        {
            seen = (await watch.ReadAsync())!.TrustDomain;
        }
        while (seen.Fleet is not { Members: 1, Proven: 1 });

        Task stopping = host.StopAsync();
        RpcException ended = await Assert.ThrowsAsync<RpcException>(async () =>
        {
            while (await watch.ReadAsync() is not null)
            {
            }
        });
        Assert.Equal(StatusCode.Unavailable, ended.StatusCode);
        await stopping;
    }

    [Fact]
    public async Task A_server_that_may_not_write_any_more_says_so_at_once()
    {
        await using AdminHost host = await AdminHost.StartAsync();
        host.Loop.Fail(new StaleTermException(1, 2));

        await ErrorDetails.FailsAsync(host.TrustAsync(), StatusCode.Unavailable, "NOT_LEADER");
        await ErrorDetails.FailsAsync(
            host.CallAsync<HoldRotationRequest, Rotation>(
                RotationService.Descriptor, "HoldRotation", new HoldRotationRequest { Name = RotationClient.Name("r1"), ExpectedRevision = 1 }),
            StatusCode.Unavailable, "NOT_LEADER");
    }

    [Fact]
    public async Task Every_command_is_logged_with_its_caller_and_outcome()
    {
        await using AdminHost host = await AdminHost.StartAsync();
        RotationClient rotations = new(host);
        await rotations.StartManuallyAsync("r1");
        await rotations.StartAsync("r1");
        await rotations.StartAsync("r1", request => request.ValidateOnly = true);
        Assert.Equal(
            ["done", "nothing to do", "validated only"],
            host.Log.Lines.Where(line => line.Id == 5001 && line.Text.Contains("StartRotation", StringComparison.Ordinal)).Select(line => line.Text.Split(": ")[^1].TrimEnd()));
        await Assert.ThrowsAsync<RpcException>(() => host.CallAsync<HoldRotationRequest, Rotation>(
            RotationService.Descriptor, "HoldRotation", new HoldRotationRequest { Name = "forged\n5001 line", ExpectedRevision = 1 }));

        string uid = host.Log.Lines.First(line => line.Id == 5001).Text.Split(':')[1];
        Assert.Contains(host.Log.Lines, line => line.Id == 5001 && line.Text.StartsWith($"unix:{uid}: StartRotation {RotationClient.Name("r1")}: done", StringComparison.Ordinal));
        string refused = host.Log.Lines.Single(line => line.Id == 5002).Text;
        Assert.Contains("HoldRotation forged 5001 line: InvalidArgument", refused, StringComparison.Ordinal);
        Assert.DoesNotContain("\n", refused, StringComparison.Ordinal);
    }

    [Fact]
    public void An_error_fits_into_the_trailers_of_every_client()
    {
        Refusal refusal = new() { Code = RefusalCode.GateClosed, Message = "shut" };
        for (int number = 0; number < 100; number++)
        {
            refusal.Blockers.Add(new Blocker { Subject = $"{AdminHost.Domain}/instances/{number}", Reason = BlockerReason.Nacked, Detail = new string('x', 5_000) });
        }

        refusal.BlockerCounts.Add(new BlockerCount { Reason = BlockerReason.Nacked, Count = 100 });
        RpcException error = AdminErrors.Refused(refusal);

        Assert.InRange(error.Trailers.GetValueBytes(AdminErrors.DetailsTrailer)!.Length, 1_000, 6_000);
        Assert.InRange(error.Find<Refusal>()!.Blockers.Count, 2, 20);
        Assert.Equal(100, error.Find<Refusal>()!.BlockerCounts.Single().Count);
        Assert.Equal(100, refusal.Blockers.Count);
    }

    [RealProgramFact("grpcurl")]
    public async Task Grpcurl_finds_its_way_by_reflection()
    {
        await using AdminHost host = await AdminHost.StartAsync();

        (int listed, string services) = await RunAsync(host.Socket, "list");
        (int called, string trust) = await RunAsync("-d", $$"""{"name":"{{AdminHost.Domain}}"}""", host.Socket, "sdsserver.admin.v1.TrustDomainService/GetTrustDomain");
        (int failed, string error) = await RunAsync("-d", """{"name":"x"}""", host.Socket, "sdsserver.admin.v1.RotationService/HoldRotation");

        Assert.True(listed == 0, services);
        Assert.Contains("sdsserver.admin.v1.TokenService", services, StringComparison.Ordinal);
        Assert.True(called == 0, trust);
        Assert.Contains("PHASE_STEADY", trust, StringComparison.Ordinal);
        Assert.NotEqual(0, failed);
        Assert.Contains("InvalidArgument", error, StringComparison.Ordinal);
        Assert.Contains("expected_revision", error, StringComparison.Ordinal);

        static Task<(int ExitCode, string Output)> RunAsync(params string[] arguments) =>
            RealProgram.RunAsync("grpcurl", ["-plaintext", "-unix", .. arguments], AdminHost.Limit);
    }
}
