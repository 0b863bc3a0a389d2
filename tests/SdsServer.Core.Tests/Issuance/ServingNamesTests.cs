using System.Net;
using SdsServer.Core.Fleet;
using SdsServer.Core.Issuance;
using SdsServer.Core.Pki;

namespace SdsServer.Core.Tests.Issuance;

public sealed class ServingNamesTests
{
    private static readonly TrustDomain Domain = TrustDomain.Parse("example.org");

    [Fact]
    public void Names_are_dns_names_and_addresses_each_once()
    {
        ServingNames names = ServingNames.Read(Domain, ["sds.example.org", "10.0.0.1", "sds.example.org", "2001:db8::1", "10.0.0.1"]);
        Assert.Equal("spiffe://example.org/sds-server", names.Id.ToString());
        Assert.Equal("sds.example.org", Assert.Single(names.DnsNames));
        Assert.Equal<IPAddress>([IPAddress.Parse("10.0.0.1"), IPAddress.Parse("2001:db8::1")], [.. names.Addresses]);
    }

    [Theory]
    [InlineData("")]
    [InlineData("Sds.example.org")]
    [InlineData("*.example.org")]
    [InlineData("1.2")]
    [InlineData("10.0.0.256")]
    [InlineData("sds.example.org:8443")]
    public void What_is_neither_is_refused_by_name(string name) =>
        Assert.Contains($"'{name}'", Assert.Throws<FormatException>(() => ServingNames.Read(Domain, ["sds", name])).Message, StringComparison.Ordinal);

    [Fact]
    public void A_workload_with_its_id_or_one_of_its_dns_names_would_be_it()
    {
        ServingNames names = ServingNames.Read(Domain, ["sds.example.org", "10.0.0.1"]);
        Assert.True(names.IsTakenBy(new Workload("spiffe://example.org/sds-server", [], BundleOnly: false)));
        Assert.True(names.IsTakenBy(new Workload("spiffe://example.org/web", ["web", "sds.example.org"], BundleOnly: false)));
        Assert.False(names.IsTakenBy(new Workload("spiffe://example.org/sds-server/x", ["x.sds.example.org"], BundleOnly: false)));
    }
}
