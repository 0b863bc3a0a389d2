using SdsServer.Admin;
using SdsServer.Core.Pki;
using SdsServer.Grpc;
using SdsServer.Protos.Admin.V1;
using Authority = SdsServer.Protos.Admin.V1.Authority;
using TrustDomain = SdsServer.Protos.Admin.V1.TrustDomain;
using StatusCode = SdsServer.Grpc.StatusCode;

namespace SdsServer.Tests.Admin;

public sealed class IntermediateTests
{
    [Fact]
    public async Task Leaves_move_to_an_intermediate_made_below_the_root_and_no_bundle_changes()
    {
        await using AdminHost host = await AdminHost.StartAsync();
        RotationClient rotations = new(host);
        ScriptedProxy[] fleet = await host.EnrolAsync(3);
        TrustDomain before = await host.TrustAsync();

        Rotation rotation = (await StartAsync(rotations, "i1")).Rotation;
        await rotations.UntilOverAsync("i1");

        TrustDomain after = await host.TrustAsync();
        Assert.Equal((before.Epoch, before.Bundle.Single().RootId), (after.Epoch, after.Bundle.Single().RootId));
        Assert.Equal((rotation.ToAuthority, RotationKind.Intermediate), (after.Signer, (await rotations.GetAsync("i1")).Kind));
        Authority made = await GetAsync(host, rotation.ToAuthority);
        Certificate[] chain = [.. Certificate.ParsePem(System.Text.Encoding.ASCII.GetBytes(made.CertificateChain))];
        Assert.Equal((2, (int?)0, true), (chain.Length, chain[0].PathLength, chain[0].IsSignedBy(chain[1])));
        Assert.InRange(chain[0].NotAfter - DateTimeOffset.UtcNow, TimeSpan.FromDays(364), TimeSpan.FromDays(366));
        foreach (ScriptedProxy proxy in fleet)
        {
            // Leaf and intermediate; the root is what its peers hold.
            Certificate[] sent = [.. Certificate.ParsePem(proxy.Chain.Span)];
            Assert.Equal(chain[0].Fingerprint, Assert.Single(sent.Skip(1)).Fingerprint);
            Assert.True(ChainVerifier.Verify(sent, [chain[1]], ChainPurpose.Server, DateTimeOffset.UtcNow).IsTrusted);
        }

        // A second one leaves the first, which nothing needs then: its root stays.
        await StartAsync(rotations, "i2");
        await rotations.UntilOverAsync("i2");
        Assert.Equal(AuthorityRole.Passive, (await GetAsync(host, rotation.ToAuthority)).Role);
        await host.CallAsync<DeleteAuthorityRequest, DeleteAuthorityResponse>(
            AuthorityService.Descriptor, "DeleteAuthority", new DeleteAuthorityRequest { Name = rotation.ToAuthority, ExpectedRevision = await host.RevisionAsync() });
        await ErrorDetails.FailsAsync(
            host.CallAsync<DeleteAuthorityRequest, DeleteAuthorityResponse>(
                AuthorityService.Descriptor, "DeleteAuthority", new DeleteAuthorityRequest { Name = before.Signer, ExpectedRevision = await host.RevisionAsync() }),
            StatusCode.FailedPrecondition, "AUTHORITY_IN_USE");
    }

    [Fact]
    public async Task A_start_that_died_after_its_intermediate_was_made_takes_it_and_kinds_are_not_mixed_up()
    {
        await using AdminHost host = await AdminHost.StartAsync();
        RotationClient rotations = new(host);
        Rotation first = (await StartAsync(rotations, "i1")).Rotation;
        await rotations.UntilOverAsync("i1");
        Assert.EndsWith(RotationStart.IdFor("i1", intermediate: true), first.ToAuthority, StringComparison.Ordinal);

        RpcException error = await ErrorDetails.FailsAsync(
            rotations.StartAsync("r1", request => request.ToAuthority = first.FromAuthority), StatusCode.InvalidArgument, "INVALID_REQUEST");
        Assert.Contains("intermediate rotation", error.Status.Detail);

        // Back to the root itself is an intermediate rotation, too.
        await rotations.StartAsync("i2", request => (request.Kind, request.ToAuthority) = (RotationKind.Intermediate, first.FromAuthority));
        await rotations.UntilOverAsync("i2");
        Assert.Equal(first.FromAuthority, (await host.TrustAsync()).Signer);
    }

    [Fact]
    public async Task An_intermediate_must_outlive_three_leaves_and_a_dry_run_leaves_nothing()
    {
        await using AdminHost host = await AdminHost.StartAsync();
        RotationClient rotations = new(host);

        RpcException error = await ErrorDetails.FailsAsync(
            StartAsync(rotations, "i1", request => request.NewAuthority.Lifetime = RotationClient.Days(2)), StatusCode.InvalidArgument, "INVALID_REQUEST");
        StartRotationResponse planned = await StartAsync(rotations, "", request => request.ValidateOnly = true);

        Assert.Equal(["new_authority.lifetime"], error.WrongFields());
        Assert.Null(planned.Forecast.Refusal);
        Assert.DoesNotContain(planned.Forecast.Steps, step => step.Phase == Phase.Removing);
        Assert.Single((await host.StateAsync()).Authorities);
    }

    private static Task<StartRotationResponse> StartAsync(RotationClient rotations, string id, Action<StartRotationRequest>? change = null) => rotations.StartAsync(id, request =>
    {
        request.Kind = RotationKind.Intermediate;
        change?.Invoke(request);
    });

    private static Task<Authority> GetAsync(AdminHost host, string name) =>
        host.CallAsync<GetAuthorityRequest, Authority>(AuthorityService.Descriptor, "GetAuthority", new GetAuthorityRequest { Name = name });
}
