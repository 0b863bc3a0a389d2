using SdsServer.Admin;
using SdsServer.Core.Pki;
using SdsServer.Grpc;
using SdsServer.Protos.Admin.V1;
using SdsServer.Protos.Google.Rpc;
using Authority = SdsServer.Protos.Admin.V1.Authority;
using KeyAlgorithm = SdsServer.Protos.Admin.V1.KeyAlgorithm;
using StatusCode = SdsServer.Grpc.StatusCode;

namespace SdsServer.Tests.Admin;

public sealed class AuthorityTests
{
    [Fact]
    public async Task A_made_root_is_inactive_shows_its_chain_and_no_key()
    {
        await using AdminHost host = await AdminHost.StartAsync();

        Authority made = await CreateAsync(host, request =>
        {
            request.AuthorityId = "root-2027";
            request.BuiltInRoot = new NewAuthority { DisplayName = "Mesh 2027", KeyAlgorithm = KeyAlgorithm.P384, Lifetime = RotationClient.Days(400) };
        });

        Assert.Equal($"{AdminHost.Domain}/authorities/root-2027", made.Name);
        Assert.Equal((AuthorityRole.Inactive, AuthorityProvider.Builtin, KeyAlgorithm.P384, "Mesh 2027"), (made.Role, made.Provider, made.KeyAlgorithm, made.DisplayName));
        Certificate certificate = Assert.Single(Certificate.ParsePem(System.Text.Encoding.ASCII.GetBytes(made.CertificateChain)));
        Assert.Equal((certificate.Fingerprint[..32], certificate.Subject.ToString()), (made.RootId, made.Subject));
        Assert.Equal((0, 0), (made.Since, made.DroppedAt));
        Assert.DoesNotContain("PRIVATE", made.ToString(), StringComparison.Ordinal);
        Assert.Equal(await host.RevisionAsync(), made.Revision);
        ListAuthoritiesResponse all = await ListAsync(host);
        Assert.Equal([AuthorityRole.Inactive, AuthorityRole.Active], all.Authorities.Select(authority => authority.Role));
        await ErrorDetails.FailsAsync(CreateAsync(host, request => request.AuthorityId = "root-2027"), StatusCode.AlreadyExists, "RESOURCE_EXISTS");
    }

    [Fact]
    public async Task Roles_follow_a_rotation_as_Open_Service_Mesh_names_them()
    {
        await using AdminHost host = await AdminHost.StartAsync();
        RotationClient rotations = new(host);
        await host.EnrolAsync(1);
        Rotation rotation = (await rotations.StartManuallyAsync("r1")).Rotation;
        Assert.Equal((AuthorityRole.Active, AuthorityRole.Passive), await RolesAsync());

        // Both are active until the last leaf has moved.
        await rotations.StepAsync("r1", GateCode.G1SetSigner);
        await AdminHost.UntilAsync("every leaf to have moved", async () => await RolesAsync() == (AuthorityRole.Passive, AuthorityRole.Active));

        await rotations.StepAsync("r1", GateCode.G3DropTrust);
        Assert.Equal((AuthorityRole.Inactive, AuthorityRole.Active), await RolesAsync());
        Authority old = (await ListAsync(host)).Authorities.Single(authority => authority.Name == rotation.FromAuthority);
        Assert.Equal((0, (await host.TrustAsync()).Epoch), (old.Since, old.DroppedAt));

        async Task<(AuthorityRole From, AuthorityRole To)> RolesAsync()
        {
            ListAuthoritiesResponse all = await ListAsync(host);
            return (all.Authorities.Single(authority => authority.Name == rotation.FromAuthority).Role, all.Authorities.Single(authority => authority.Name == rotation.ToAuthority).Role);
        }
    }

    [Fact]
    public async Task A_deleted_authority_takes_its_key_along_and_one_in_use_stays()
    {
        await using AdminHost host = await AdminHost.StartAsync();
        Authority made = await CreateAsync(host, request => request.AuthorityId = "spare");
        string signer = (await host.TrustAsync()).Signer;

        foreach (bool validateOnly in (bool[])[true, false])
        {
            RpcException used = await ErrorDetails.FailsAsync(DeleteAsync(host, signer, validateOnly), StatusCode.FailedPrecondition, "AUTHORITY_IN_USE");
            Assert.Contains("it signs", used.Status.Detail, StringComparison.Ordinal);
        }

        await DeleteAsync(host, made.Name, validateOnly: true);
        await host.Store.ReadKeyAsync("example.org", "spare", default);
        Assert.Equal((await DeleteAsync(host, made.Name)).Revision, await host.RevisionAsync());
        await Assert.ThrowsAsync<KeyNotFoundException>(() => host.Store.ReadKeyAsync("example.org", "spare", default));
        await ErrorDetails.FailsAsync(DeleteAsync(host, made.Name), StatusCode.NotFound, "NO_SUCH_RESOURCE");
        await ErrorDetails.FailsAsync(DeleteAsync(host, made.Name, validateOnly: true), StatusCode.NotFound, "NO_SUCH_RESOURCE");
    }

    // The way of the dry run is the command's own.
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_authority_whose_root_has_just_left_the_bundle_stays_for_a_way_back(bool validateOnly)
    {
        await using AdminHost host = await AdminHost.StartAsync();
        RotationClient rotations = new(host);
        await host.EnrolAsync(2);
        string old = (await host.TrustAsync()).Signer;
        await rotations.StartAsync("r1");
        await rotations.UntilOverAsync("r1");

        RpcException kept = await ErrorDetails.FailsAsync(DeleteAsync(host, old, validateOnly), StatusCode.FailedPrecondition, "AUTHORITY_IN_USE");

        Assert.Contains("kept for a way back until", kept.Status.Detail, StringComparison.Ordinal);
        Assert.Equal(old, (await GetAsync(host, old)).Name);
    }

    [Fact]
    public async Task A_key_left_over_from_a_crash_does_not_block_its_id()
    {
        await using AdminHost host = await AdminHost.StartAsync();
        await host.Store.AddKeyAsync("example.org", (await host.StateAsync()).Term, "spare", new byte[] { 1, 2, 3 }, default);

        Authority made = await CreateAsync(host, request => request.AuthorityId = "spare");

        Assert.NotEqual(3, (await host.Store.ReadKeyAsync("example.org", "spare", default)).Length);
        Assert.Equal(made, await GetAsync(host, made.Name));
    }

    [Fact]
    public async Task A_dry_creation_and_one_on_an_old_revision_make_nothing()
    {
        await using AdminHost host = await AdminHost.StartAsync();

        Authority planned = await CreateAsync(host, request => (request.AuthorityId, request.ValidateOnly) = ("spare", true));
        await ErrorDetails.FailsAsync(
            CreateAsync(host, request => (request.AuthorityId, request.ExpectedRevision) = ("spare", request.ExpectedRevision + 1)), StatusCode.Aborted, "REVISION_CHANGED");

        Assert.Equal(("", ""), (planned.Ski, planned.CertificateChain));
        Assert.Single((await host.StateAsync()).Authorities);
        await Assert.ThrowsAsync<KeyNotFoundException>(() => host.Store.ReadKeyAsync("example.org", "spare", default));
    }

    [Fact]
    public async Task Other_trust_domains_and_unknown_names_are_not_found()
    {
        await using AdminHost host = await AdminHost.StartAsync();

        RpcException other = await ErrorDetails.FailsAsync(GetAsync(host, "trustDomains/other.org/authorities/a"), StatusCode.NotFound, "NO_SUCH_RESOURCE");
        Assert.Equal("trustDomains/other.org/authorities/a", other.Find<ResourceInfo>()!.ResourceName);
        await ErrorDetails.FailsAsync(GetAsync(host, $"{AdminHost.Domain}/authorities/a"), StatusCode.NotFound, "NO_SUCH_RESOURCE");
        RpcException malformed = await ErrorDetails.FailsAsync(GetAsync(host, $"{AdminHost.Domain}/tokens/a"), StatusCode.InvalidArgument, "INVALID_REQUEST");
        Assert.Equal(["name"], malformed.WrongFields());
        RpcException fields = await ErrorDetails.FailsAsync(
            CreateAsync(host, request => (request.AuthorityId, request.ExpectedRevision, request.BuiltInRoot) = ("UPPER", 0, new NewAuthority { Lifetime = RotationClient.Days(1) })),
            StatusCode.InvalidArgument, "INVALID_REQUEST");
        Assert.Equal(["authority_id", "built_in_root.lifetime", "expected_revision"], fields.WrongFields().Order(StringComparer.Ordinal));
    }

    private static async Task<Authority> CreateAsync(AdminHost host, Action<CreateAuthorityRequest> change)
    {
        CreateAuthorityRequest request = new() { Parent = AdminHost.Domain, ExpectedRevision = await host.RevisionAsync(), BuiltInRoot = new NewAuthority() };
        change(request);
        return await host.CallAsync<CreateAuthorityRequest, Authority>(AuthorityService.Descriptor, "CreateAuthority", request);
    }

    private static Task<Authority> GetAsync(AdminHost host, string name) =>
        host.CallAsync<GetAuthorityRequest, Authority>(AuthorityService.Descriptor, "GetAuthority", new GetAuthorityRequest { Name = name });

    private static Task<ListAuthoritiesResponse> ListAsync(AdminHost host) => host.CallAsync<ListAuthoritiesRequest, ListAuthoritiesResponse>(
        AuthorityService.Descriptor, "ListAuthorities", new ListAuthoritiesRequest { Parent = AdminHost.Domain });

    private static async Task<DeleteAuthorityResponse> DeleteAsync(AdminHost host, string name, bool validateOnly = false) =>
        await host.CallAsync<DeleteAuthorityRequest, DeleteAuthorityResponse>(
            AuthorityService.Descriptor, "DeleteAuthority", new DeleteAuthorityRequest { Name = name, ExpectedRevision = await host.RevisionAsync(), ValidateOnly = validateOnly });
}
