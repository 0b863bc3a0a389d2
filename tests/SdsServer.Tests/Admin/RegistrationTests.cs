using Google.Protobuf.WellKnownTypes;
using SdsServer.Admin;
using SdsServer.Core.Access;
using SdsServer.Grpc;
using SdsServer.Identity;
using SdsServer.Protos.Admin.V1;
using Registration = SdsServer.Protos.Admin.V1.Registration;

namespace SdsServer.Tests.Admin;

public sealed class RegistrationTests
{
    private static Registration Shop => new()
    {
        DisplayName = "The shop",
        Selectors = { "k8s:ns:shop", "unix:uid:1000" },
        SpiffeId = "spiffe://{trustDomain}/ns/{k8s:ns}/sa/{k8s:sa}",
        DnsNames = { "{k8s:sa}.shop.svc" },
        LeafLifetime = Duration.FromTimeSpan(TimeSpan.FromHours(2)),
        MinLeafLifetime = Duration.FromTimeSpan(TimeSpan.FromHours(1)),
        MaxLeafLifetime = Duration.FromTimeSpan(TimeSpan.FromHours(3)),
        KeyAlgorithm = KeyAlgorithm.P384,
        SecretNames = { "default", "ROOTCA" },
        Labels = { ["tier"] = "web" },
        Peers = { "spiffe://example.org/ns/bank/*" },
        BundleOnly = true,
    };

    [Fact]
    public async Task One_is_made_read_listed_changed_and_deleted_and_in_force_from_the_answer_on()
    {
        await using AdminHost host = await AdminHost.StartAsync();
        Evidence caller = new([new Selector("unix:uid", "1000"), new Selector("k8s:ns", "shop"), new Selector("k8s:sa", "cart")]);

        Registration made = await CreateAsync(host, Shop, "shop");
        Assert.Equal("spiffe://example.org/ns/shop/sa/cart", host.Registrations.Decide(caller)?.SpiffeId);
        Assert.Equal((Name("shop"), 1L, RegistrationSource.Store), (made.Name, made.Revision, made.Source));
        Assert.StartsWith("unix:uid=", made.CreatedBy, StringComparison.Ordinal);
        Registration stated = made.Clone();
        (stated.Name, stated.Revision, stated.Source, stated.CreateTime, stated.UpdateTime, stated.CreatedBy, stated.UpdatedBy) = ("", 0, 0, null, null, "", "");
        Assert.Equal(Shop, stated);
        Assert.Equal(made, await GetAsync(host, "shop"));
        Assert.Equal(made, Assert.Single((await ListAsync(host)).Registrations));

        made.SpiffeId = "spiffe://example.org/cart";
        Registration changed = await UpdateAsync(host, made);
        Assert.Equal("spiffe://example.org/cart", host.Registrations.Decide(caller)?.SpiffeId);
        Assert.Equal((2L, made.CreateTime), (changed.Revision, changed.CreateTime));
        await ErrorDetails.FailsAsync(UpdateAsync(host, made), StatusCode.Aborted, "REGISTRATION_CHANGED");
        await ErrorDetails.FailsAsync(DeleteAsync(host, "shop", 1), StatusCode.Aborted, "REGISTRATION_CHANGED");

        await DeleteAsync(host, "shop", 2);
        Assert.Null(host.Registrations.Decide(caller));
        Assert.Empty((await ListAsync(host)).Registrations);
        await ErrorDetails.FailsAsync(DeleteAsync(host, "shop"), StatusCode.NotFound, "NO_SUCH_RESOURCE");
        await ErrorDetails.FailsAsync(GetAsync(host, "shop"), StatusCode.NotFound, "NO_SUCH_RESOURCE");
        await ErrorDetails.FailsAsync(UpdateAsync(host, changed), StatusCode.NotFound, "NO_SUCH_RESOURCE");
    }

    [Fact]
    public async Task Each_change_and_each_refusal_has_its_line()
    {
        await using AdminHost host = await AdminHost.StartAsync();
        Registration made = await CreateAsync(host, Shop, "shop");
        await ErrorDetails.FailsAsync(CreateAsync(host, Shop, "shop"), StatusCode.AlreadyExists, "RESOURCE_EXISTS");
        await UpdateAsync(host, made);
        await DeleteAsync(host, "shop");

        ListAuditEntriesResponse page = await host.CallAsync<ListAuditEntriesRequest, ListAuditEntriesResponse>(
            AuditService.Descriptor, "ListAuditEntries", new ListAuditEntriesRequest { Parent = AdminHost.Domain, PageSize = 4 });

        Assert.Equal(
            [
                ("CreateRegistration", Name("shop"), AuditOutcome.Done), ("CreateRegistration", Name("shop"), AuditOutcome.Refused),
                ("UpdateRegistration", Name("shop"), AuditOutcome.Done), ("DeleteRegistration", Name("shop"), AuditOutcome.Done),
            ],
            page.AuditEntries.Reverse().Select(entry => (entry.Action, entry.Resource, entry.Outcome)));
        Assert.All(page.AuditEntries, entry => Assert.Equal("because", entry.Reason));
        Assert.All(page.AuditEntries.Where(entry => entry.Outcome == AuditOutcome.Done), entry => Assert.Contains("selectors k8s:ns:shop unix:uid:1000", entry.Detail, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Everything_that_is_wrong_is_told_and_nothing_changes()
    {
        await using AdminHost host = await AdminHost.StartAsync();
        Registration bad = new()
        {
            Selectors = { "uid:1000" },
            SpiffeId = "spiffe://other.org/web",
            DnsNames = { "*" },
            LeafLifetime = Duration.FromTimeSpan(TimeSpan.FromDays(30)),
            KeyAlgorithm = (KeyAlgorithm)99,
            SecretNames = { "*" },
            Labels = { [""] = "x" },
            Peers = { "web" },
            DisplayName = "a\nb",
        };

        RpcException error = await ErrorDetails.FailsAsync(CreateAsync(host, bad, "A"), StatusCode.InvalidArgument, "INVALID_REQUEST");

        Assert.Equal(
            [
                "registration.display_name", "registration.dns_names", "registration.key_algorithm", "registration.labels", "registration.leaf_lifetime", "registration.peers",
                "registration.secret_names", "registration.selectors", "registration.spiffe_id", "registration_id",
            ],
            error.WrongFields().Order(StringComparer.Ordinal));
        await ErrorDetails.FailsAsync(CreateAsync(host, null, ""), StatusCode.InvalidArgument, "INVALID_REQUEST");
        await ErrorDetails.FailsAsync(UpdateAsync(host, new Registration()), StatusCode.InvalidArgument, "INVALID_REQUEST");
        Assert.Empty(await host.Store.ReadRegistrationsAsync("example.org", default));
    }

    [Fact]
    public async Task Those_of_the_file_are_shown_and_changed_there_alone()
    {
        await using AdminHost host = await AdminHost.StartAsync();
        await host.Registrations.SetFileAsync([new() { Id = "filed", Selectors = ["token:t"], SpiffeId = "spiffe://example.org/filed" }], default);
        await CreateAsync(host, Shop, "shop");

        ListRegistrationsResponse all = await ListAsync(host);
        Assert.Equal([(Name("filed"), RegistrationSource.File, 0L), (Name("shop"), RegistrationSource.Store, 1L)], all.Registrations.Select(it => (it.Name, it.Source, it.Revision)));
        Assert.Null(all.Registrations[0].CreateTime);
        await ErrorDetails.FailsAsync(DeleteAsync(host, "filed"), StatusCode.FailedPrecondition, "REGISTRATION_OF_FILE");
        await ErrorDetails.FailsAsync(UpdateAsync(host, all.Registrations[0]), StatusCode.FailedPrecondition, "REGISTRATION_OF_FILE");
        await ErrorDetails.FailsAsync(CreateAsync(host, Shop, "filed"), StatusCode.AlreadyExists, "RESOURCE_EXISTS");
    }

    [Fact]
    public async Task They_come_in_pages_and_the_server_chooses_an_id_where_none_is_given()
    {
        await using AdminHost host = await AdminHost.StartAsync();
        foreach (string id in (string[])["b", "", "a"])
        {
            await CreateAsync(host, Shop, id);
        }

        ListRegistrationsResponse first = await ListAsync(host, 2);
        ListRegistrationsResponse second = await ListAsync(host, 2, first.NextPageToken);

        string[] names = [.. first.Registrations.Concat(second.Registrations).Select(registration => registration.Name)];
        Assert.Equal((2, "", 3), (first.Registrations.Count, second.NextPageToken, names.Distinct().Count()));
        Assert.Equal(names.Order(StringComparer.Ordinal), names);
    }

    private static string Name(string id) => $"{AdminHost.Domain}/registrations/{id}";

    private static Task<Registration> CreateAsync(AdminHost host, Registration? registration, string id) => host.CallAsync<CreateRegistrationRequest, Registration>(
        RegistrationService.Descriptor, "CreateRegistration",
        new CreateRegistrationRequest { Parent = AdminHost.Domain, RegistrationId = id, Registration = registration, Reason = "because" });

    private static Task<Registration> GetAsync(AdminHost host, string id) =>
        host.CallAsync<GetRegistrationRequest, Registration>(RegistrationService.Descriptor, "GetRegistration", new GetRegistrationRequest { Name = Name(id) });

    private static Task<ListRegistrationsResponse> ListAsync(AdminHost host, int size = 0, string page = "") => host.CallAsync<ListRegistrationsRequest, ListRegistrationsResponse>(
        RegistrationService.Descriptor, "ListRegistrations", new ListRegistrationsRequest { Parent = AdminHost.Domain, PageSize = size, PageToken = page });

    private static Task<Registration> UpdateAsync(AdminHost host, Registration registration) => host.CallAsync<UpdateRegistrationRequest, Registration>(
        RegistrationService.Descriptor, "UpdateRegistration", new UpdateRegistrationRequest { Registration = registration, Reason = "because" });

    private static Task<DeleteRegistrationResponse> DeleteAsync(AdminHost host, string id, long revision = 0) => host.CallAsync<DeleteRegistrationRequest, DeleteRegistrationResponse>(
        RegistrationService.Descriptor, "DeleteRegistration", new DeleteRegistrationRequest { Name = Name(id), ExpectedRevision = revision, Reason = "because" });
}
