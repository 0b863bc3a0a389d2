using System.Security.Cryptography.X509Certificates;
using SdsServer.Grpc;
using SdsServer.Hosting;
using SdsServer.Identity.X509;
using SdsServer.Testing;
using SdsServer.Testing.Processes;
using SdsServer.Tests.Admin;

namespace SdsServer.Tests.Identity.X509;

/// <summary>Certificates of an authority of the operator's own, over real TLS.</summary>
public sealed class ConfiguredAuthorityTests
{
    private readonly Forged _authority = Forged.Authority("CN=Corp CA");

    [Fact]
    public async Task A_dns_name_fills_the_workloads_id()
    {
        await using MtlsHost host = await StartAsync(rule => rule.Dns = "{service}.{namespace}.svc.corp.example");

        Assert.Equal("spiffe://example.org/ns/shop/sa/cart", await host.WhoIsAsync(Leaf(dns: ["cart.corp.example", "cart.shop.svc.corp.example"]).Make()));
        foreach (string[] names in new string[][]
        {
            [],
            ["cart.shop.svc.corp.example.evil"],
            ["x.cart.shop.svc.corp.example"],
            ["shop.svc.corp.example"],
            [".shop.svc.corp.example"],
            ["cart/../admin.shop.svc.corp.example"],
            ["*.shop.svc.corp.example"],
            ["%2e.shop.svc.corp.example"],
            ["cart.shop.svc.corp.example", "admin.shop.svc.corp.example"],
        })
        {
            Assert.Equal(StatusCode.Unauthenticated, (await host.RefusesAsync(Leaf(dns: names).Make())).Code);
        }
    }

    [Fact]
    public async Task A_uri_fills_it_when_it_is_the_only_one()
    {
        await using MtlsHost host = await StartAsync(rule => rule.Uri = "spiffe://corp.example/{namespace}/{service}");

        Assert.Equal("spiffe://example.org/ns/shop/sa/cart", await host.WhoIsAsync(Leaf("spiffe://corp.example/shop/cart").Make()));
        foreach (string[] uris in new string[][]
        {
            ["spiffe://corp.example/shop/cart", "spiffe://corp.example/shop/admin"],
            ["spiffe://corp.example/shop/.."],
            ["spiffe://corp.example/shop/"],
            ["spiffe://corp.example/shop/cart/x"],
            ["spiffe://corp.example/shop/%2e%2e"],
            ["spiffe://corp.example.evil/shop/cart"],
            ["SPIFFE://corp.example/shop/cart"],
        })
        {
            Assert.Equal(StatusCode.Unauthenticated, (await host.RefusesAsync(Leaf(uris).Make())).Code);
        }
    }

    [Fact]
    public async Task A_common_name_fills_it_when_it_is_the_only_one()
    {
        await using MtlsHost host = await StartAsync(rule => (rule.CommonName, rule.SpiffeId) = ("svc-{service}", "spiffe://example.org/ns/shop/sa/{service}"));

        Assert.Equal("spiffe://example.org/ns/shop/sa/cart", await host.WhoIsAsync((Leaf() with { Subject = "CN=svc-cart,O=Corp" }).Make()));
        foreach (string subject in new[] { "CN=svc-cart,CN=svc-admin", "O=svc-cart", "CN=svc-", "CN=svc-a/b", "CN=svc-cärt", "CN=svc-cart+O=Corp" })
        {
            Assert.Equal(StatusCode.Unauthenticated, (await host.RefusesAsync((Leaf() with { Subject = subject }).Make())).Code);
        }
    }

    [Fact]
    public async Task An_authority_may_give_only_what_the_template_says()
    {
        await using MtlsHost host = await StartAsync(rule => rule.Dns = "{service}.{namespace}.svc.corp.example");

        // It says our trust domain's ID by itself: nobody has asked it.
        Assert.Equal(StatusCode.Unauthenticated, (await host.RefusesAsync(Leaf(MtlsHost.Web).Make())).Code);
        Assert.Equal(StatusCode.Unauthenticated, (await host.RefusesAsync((Leaf(dns: ["cart.shop.svc.corp.example"]) with { IsAuthority = true }).Make())).Code);
        Assert.Equal(StatusCode.Unauthenticated, (await host.RefusesAsync((Leaf(dns: ["cart.shop.svc.corp.example"]) with { ExtendedKeyUsage = ["1.3.6.1.5.5.7.3.1"] }).Make())).Code);
    }

    [Fact]
    public async Task Authorities_come_and_go_with_the_file_and_streams_with_them()
    {
        Forged other = Forged.Authority("CN=Other CA");
        ManualTime time = new(TimeProvider.System.GetUtcNow());
        await using MtlsHost host = await StartAsync(rule => rule.Dns = "{service}.{namespace}.svc.corp.example", time);
        using X509Certificate2 leaf = Leaf(dns: ["cart.shop.svc.corp.example"]).Make();
        using X509Certificate2 others = (other.Leaf() with { DnsNames = ["cart.shop.svc.corp.example"] }).Make();
        await using SecretCall stream = host.Open(leaf);
        await stream.ReadAsync();
        Assert.Equal(StatusCode.Unauthenticated, (await host.RefusesAsync(others)).Code);

        await host.PathOfAsync("corp.crt", "half written");
        time.Advance(ClientAuthorities.Every);
        await AdminHost.UntilAsync("the bad file to be told of", () => host.Log.Lines.Any(line => line.Id == 6103));
        Assert.Equal("spiffe://example.org/ns/shop/sa/cart", await host.WhoIsAsync(leaf));

        await host.PathOfAsync("corp.crt", other.Pem());
        await AdminHost.UntilAsync("the file to be read", () =>
        {
            time.Advance(ClientAuthorities.Every);
            return host.Log.Lines.Any(line => line.Id == 6102);
        });

        Assert.Equal(StatusCode.Unauthenticated, (await stream.StatusAsync()).Code);
        Assert.Equal(StatusCode.Unauthenticated, (await host.RefusesAsync(leaf)).Code);
        Assert.Equal("spiffe://example.org/ns/shop/sa/cart", await host.WhoIsAsync(others));
    }

    private Forged Leaf(params string[] uris) => _authority.Leaf(uris);

    private Forged Leaf(IReadOnlyList<string> dns) => _authority.Leaf() with { DnsNames = [.. dns] };

    private Task<MtlsHost> StartAsync(Action<ClientCertificateOptions> change, TimeProvider? time = null) => MtlsHost.StartAsync(
        (options, directory) =>
        {
            File.WriteAllText(directory.PathOf("corp.crt"), _authority.Pem());
            ClientCertificateOptions rule = new() { CaFile = directory.PathOf("corp.crt"), SpiffeId = "spiffe://{trustDomain}/ns/{namespace}/sa/{service}" };
            change(rule);
            options.ClientCertificates.Add(rule);
        },
        time);
}
