using System.Security.Cryptography.X509Certificates;
using SdsServer.Grpc;
using SdsServer.Grpc.Client;
using SdsServer.Protos.Admin.V1;
using SdsServer.Testing;
using SdsServer.Tests.Enrolment;
using SdsServer.Tests.Identity.X509;
using TokenService = SdsServer.Admin.TokenService;

namespace SdsServer.Tests.Identity;

/// <summary>What was good once and is no more is offered again to a server that has restarted on the same store.</summary>
public sealed class ReplayTests
{
    private const string Refused = "the bearer token is unknown, expired or deleted";

    [Fact]
    public async Task What_is_spent_deleted_or_over_is_refused_after_a_restart_too()
    {
        ManualTime time = new(TimeProvider.System.GetUtcNow());
        SimulatedDisk disk = new();
        string spent, deletedJoin, deleted, jwt;
        await using (MtlsHost host = await MtlsHost.StartAsync(AttestedHost.TrustIssuer, time, disk))
        {
            spent = await host.TokenAsync(MtlsHost.Web, uses: 1, TimeSpan.FromDays(1));
            await new EnrolClient(host).EnrolAsync(spent);
            deletedJoin = await host.TokenAsync(MtlsHost.Web, uses: 2, TimeSpan.FromDays(1));
            await new EnrolClient(host).EnrolAsync(deletedJoin);
            await DeleteAsync(host, deletedJoin);
            deleted = await host.TokenAsync(MtlsHost.Web, ttl: TimeSpan.FromDays(1));
            await OpensAsync(host, deleted);
            await DeleteAsync(host, deleted);
            jwt = AttestedHost.JwtOf("web", time.GetUtcNow());
            await OpensAsync(host, jwt);
        }

        // The JWT comes to its end while there is no server, and no token of ours does.
        time.Advance(TimeSpan.FromHours(2));
        await using MtlsHost restarted = await MtlsHost.StartAsync(AttestedHost.TrustIssuer, time, disk);

        Assert.Contains("is spent", await EnrolClient.FailsAsync(new EnrolClient(restarted).EnrolAsync(spent), StatusCode.PermissionDenied), StringComparison.Ordinal);
        await EnrolClient.FailsAsync(new EnrolClient(restarted).EnrolAsync(deletedJoin), StatusCode.Unauthenticated);
        foreach (string token in (string[])[deleted, deletedJoin, jwt])
        {
            await using SecretCall stream = new(restarted.Connect(), AttestedHost.Bearer(token));
            Status status = await stream.StatusAsync();
            Assert.Equal((StatusCode.Unauthenticated, Refused), (status.Code, status.Detail));
        }

        Assert.Equal(2, (await restarted.Store.ReadEnrolmentsAsync(MtlsHost.TrustDomain, default)).Certificates.Count);
        await OpensAsync(restarted, AttestedHost.JwtOf("web", time.GetUtcNow()));
        await new EnrolClient(restarted).EnrolAsync(await restarted.TokenAsync(MtlsHost.Web, uses: 1));
    }

    private static async Task OpensAsync(MtlsHost host, string token)
    {
        await using SecretCall stream = new(host.Connect(), AttestedHost.Bearer(token));
        await stream.ReadAsync();
    }

    private static Task<DeleteTokenResponse> DeleteAsync(MtlsHost host, string token) => host.Admin.UnaryAsync(
        new GrpcMethod<DeleteTokenRequest, DeleteTokenResponse>(TokenService.Descriptor, "DeleteToken"),
        new DeleteTokenRequest { Name = $"{MtlsHost.Domain}/tokens/{token.Split('_')[1]}" }, new CallOptions(Timeout: MtlsHost.Limit));
}
