using System.Security.Cryptography.X509Certificates;
using SdsServer.Admin;
using SdsServer.Admin.Operators;
using SdsServer.Core.Pki;
using SdsServer.Grpc;
using SdsServer.Grpc.Client;
using SdsServer.Hosting;
using SdsServer.Identity.X509;
using SdsServer.Protos.Admin.V1;
using SdsServer.Testing;
using SdsServer.Testing.Processes;
using SdsServer.Tests.Admin;
using TrustDomain = SdsServer.Protos.Admin.V1.TrustDomain;

namespace SdsServer.Tests.Identity.X509;

/// <summary>Certificates that their authority has revoked, over real TLS.</summary>
public sealed class RevocationTests
{
    private const string Cart = "spiffe://example.org/ns/shop/sa/cart";

    private readonly Forged _authority = Forged.Authority("CN=Corp CA");
    private readonly ManualTime _time = new(TimeProvider.System.GetUtcNow());

    [Fact]
    public async Task A_revoked_workload_is_refused_and_its_streams_have_ended_while_others_live_on()
    {
        await using MtlsHost host = await StartAsync();
        Forged cart = Leaf("cart"), web = Leaf("web");
        using X509Certificate2 stolen = cart.Make(), good = web.Make();
        await using SecretCall stream = host.Open(stolen), other = host.Open(good);
        await stream.ReadAsync();
        await other.ReadAsync();

        await ReadAnewAsync(host, "corp.crl", List(1, cart), 6104);

        Assert.Equal(StatusCode.Unauthenticated, (await stream.StatusAsync()).Code);
        Assert.Contains("is revoked by", (await host.RefusesAsync(stolen)).Detail, StringComparison.Ordinal);
        Assert.Contains("is revoked by", (await host.RefusesAsync((cart with { DnsNames = ["web.corp.example"] }).Make())).Detail, StringComparison.Ordinal);
        Assert.Equal("spiffe://example.org/ns/shop/sa/web", await host.WhoIsAsync(good));
        Assert.Equal(Cart, await host.WhoIsAsync(Leaf("cart").Make()));
        Assert.True(await host.Loop.ReadAsync(engine => engine.Instances().Any(instance => instance.Key.NodeId == other.NodeId && instance.Connected), default));
    }

    [Fact]
    public async Task A_token_beside_a_revoked_certificate_does_not_help()
    {
        await using MtlsHost host = await StartAsync();
        Forged cart = Leaf("cart");
        await ReadAnewAsync(host, "corp.crl", List(1, cart), 6104);

        await using SecretCall call = new(host.Connect(cart.Make()), new Metadata { { "authorization", $"Bearer {await host.TokenAsync(Cart)}" } });

        Assert.Contains("is revoked by", (await call.StatusAsync()).Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_bad_list_lets_nobody_revoked_in_and_operators_are_told()
    {
        Forged cart = Leaf("cart");
        await using MtlsHost host = await StartAsync(List(0, cart));
        await ReadAnewAsync(host, "corp.crl", Forged.Authority("CN=Corp CA").RevocationList(_time.GetUtcNow(), _time.GetUtcNow().AddDays(1)), 6105);

        Assert.Contains("is revoked by", (await host.RefusesAsync(cart.Make())).Detail, StringComparison.Ordinal);
        Assert.Equal(Cart, await host.WhoIsAsync(Leaf("cart").Make()));
        TrustDomain shown = await host.Admin.UnaryAsync(
            new GrpcMethod<GetTrustDomainRequest, TrustDomain>(TrustDomainService.Descriptor, "GetTrustDomain"), new GetTrustDomainRequest { Name = MtlsHost.Domain }, new(Timeout: MtlsHost.Limit));
        Assert.Contains("no authority of the CA file has signed", Assert.Single(shown.ClientWarnings), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Once_the_list_is_out_of_date_nobody_is_let_in_and_streams_end()
    {
        await using MtlsHost host = await StartAsync(_authority.RevocationList(_time.GetUtcNow(), _time.GetUtcNow().AddMinutes(5)));
        using X509Certificate2 leaf = Leaf("cart").Make();
        await using SecretCall stream = host.Open(leaf);
        await stream.ReadAsync();

        _time.Advance(TimeSpan.FromMinutes(6));

        Assert.Equal(StatusCode.Unauthenticated, (await stream.StatusAsync()).Code);
        Assert.Contains("is out of date", (await host.RefusesAsync(leaf)).Detail, StringComparison.Ordinal);
        Assert.Contains(host.Log.Lines, line => line.Id == 6107);
    }

    [Fact]
    public async Task A_revoked_operator_comes_no_further_than_the_handshake_and_its_connection_has_ended()
    {
        await using MtlsHost host = await StartAsync();
        Forged alice = _authority.Leaf("spiffe://corp.example/ops/alice"), bob = _authority.Leaf("spiffe://corp.example/ops/bob");
        using X509Certificate2 stolen = alice.Make();
        GrpcMethod<WatchTrustDomainRequest, WatchTrustDomainResponse> watch = new(TrustDomainService.Descriptor, "WatchTrustDomain");
        GrpcMethod<GetTrustDomainRequest, TrustDomain> get = new(TrustDomainService.Descriptor, "GetTrustDomain");
        using GrpcChannel channel = host.ConnectAdmin(stolen);
        await using ClientCall<WatchTrustDomainRequest, WatchTrustDomainResponse> watching =
            await channel.ServerStreamingAsync(watch, new WatchTrustDomainRequest { Name = MtlsHost.Domain }, new(Timeout: MtlsHost.Limit));
        Assert.NotNull(await watching.ReadAsync());

        await ReadAnewAsync(host, "operators.crl", List(1, alice), 6104);

        RpcException ended = await Assert.ThrowsAsync<RpcException>(async () =>
        {
            while (await watching.ReadAsync() is not null)
            {
            }
        });
        Assert.Equal(StatusCode.Unavailable, ended.StatusCode);
        using GrpcChannel again = host.ConnectAdmin(stolen), others = host.ConnectAdmin(bob.Make());
        GetTrustDomainRequest request = new() { Name = MtlsHost.Domain };
        Assert.Equal(StatusCode.Unavailable, (await Assert.ThrowsAsync<RpcException>(() => again.UnaryAsync(get, request, new(Timeout: MtlsHost.Limit)))).StatusCode);
        Assert.Contains(host.Log.Lines, line => line.Id == 6101 && line.Text.Contains("(Revoked): as an operator", StringComparison.Ordinal));
        Assert.Equal(MtlsHost.Domain, (await others.UnaryAsync(get, request, new(Timeout: MtlsHost.Limit))).Name);
    }

    [Fact]
    public async Task A_list_of_our_own_writer_counts()
    {
        DateTimeOffset now = _time.GetUtcNow();
        using SigningAuthority authority = SigningAuthority.CreateRoot(new AuthorityProfile(Core.Pki.TrustDomain.Parse("corp.example")), now.AddHours(-1));
        Forged cart = Forged.Of(authority).Leaf("spiffe://corp.example/cart"), web = Forged.Of(authority).Leaf("spiffe://corp.example/web");
        byte[] list = CertificateRevocationList.Create(authority, [new(Convert.ToHexStringLower(cart.Serial), now)], 1, now.AddMinutes(-1), now.AddDays(1)).ToPem();
        await using MtlsHost host = await StartAsync(list, authority.Certificate.ToPem());

        Assert.Contains("is revoked by", (await host.RefusesAsync(cart.Make())).Detail, StringComparison.Ordinal);
        Assert.Equal("spiffe://example.org/ns/shop/sa/web", await host.WhoIsAsync(web.Make()));
    }

    [RealProgramFact("openssl")]
    public async Task A_list_of_openssl_counts()
    {
        using TemporaryDirectory folder = new("sdsserver-openssl");
        await File.WriteAllTextAsync(folder.PathOf("ca.cnf"), $"""
            [ca]
            default_ca = corp
            [corp]
            database = {folder.PathOf("index.txt")}
            new_certs_dir = {folder.Path}
            crlnumber = {folder.PathOf("crlnumber")}
            certificate = {folder.PathOf("ca.crt")}
            private_key = {folder.PathOf("ca.key")}
            default_md = sha256
            default_crl_days = 1
            [names]
            basicConstraints = critical,CA:FALSE
            keyUsage = critical,digitalSignature
            subjectAltName = URI:spiffe://corp.example/cart
            authorityKeyIdentifier = keyid
            """);
        await File.WriteAllTextAsync(folder.PathOf("index.txt"), "");
        await File.WriteAllTextAsync(folder.PathOf("crlnumber"), "01\n");
        await OpensslAsync("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=Corp CA", "-days", "2", "-keyout", "ca.key", "-out", "ca.crt",
            "-addext", "keyUsage=critical,keyCertSign,cRLSign");
        foreach (string name in new[] { "good", "stolen" })
        {
            await OpensslAsync("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", $"/CN={name}", "-keyout", $"{name}.key", "-out", $"{name}.csr");
            await OpensslAsync("x509", "-req", "-in", $"{name}.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-days", "1", "-extfile", "ca.cnf", "-extensions", "names", "-out", $"{name}.crt");
        }

        await OpensslAsync("ca", "-config", "ca.cnf", "-revoke", "stolen.crt", "-crl_reason", "keyCompromise");
        await OpensslAsync("ca", "-config", "ca.cnf", "-gencrl", "-out", "pem.crl");
        await OpensslAsync("crl", "-in", "pem.crl", "-outform", "DER", "-out", "der.crl");
        foreach (string list in new[] { "pem.crl", "der.crl" })
        {
            await using MtlsHost host = await StartAsync(await File.ReadAllBytesAsync(folder.PathOf(list)), await File.ReadAllBytesAsync(folder.PathOf("ca.crt")));

            Assert.Contains("is revoked by", (await host.RefusesAsync(Load("stolen"))).Detail, StringComparison.Ordinal);
            Assert.Equal(Cart, await host.WhoIsAsync(Load("good")));
        }

        X509Certificate2 Load(string name)
        {
            using X509Certificate2 pair = X509Certificate2.CreateFromPemFile(folder.PathOf($"{name}.crt"), folder.PathOf($"{name}.key"));
            return X509CertificateLoader.LoadPkcs12(pair.Export(X509ContentType.Pkcs12), null);
        }

        async Task OpensslAsync(params string[] arguments)
        {
            (int exitCode, string output) = await RealProgram.RunAsync("openssl", arguments, MtlsHost.Limit, folder.Path);
            Assert.True(exitCode == 0, $"openssl {string.Join(' ', arguments)}: {output}");
        }
    }

    [Fact]
    public void Entries_with_one_CA_file_have_the_same_lists()
    {
        ServerOptions options = new() { DataDirectory = "data" };
        options.Xds.Tcp = "127.0.0.1:0";
        options.Xds.CertificateFile = options.Xds.KeyFile = "server.pem";
        options.ClientCertificates.AddRange([Rule("ca.pem", "a.crl"), Rule("ca.pem")]);

        string error = Assert.Single(Assert.Throws<ConfigurationErrorsException>(() => ServerSettings.From(options)).Errors);

        Assert.Contains("entries with the CaFile 'ca.pem' have different CrlFiles", error, StringComparison.Ordinal);
        options.ClientCertificates = [Rule("ca.pem", "a.crl"), Rule("ca.pem", "a.crl"), Rule("other.pem")];
        ServerSettings.From(options);
        options.ClientCertificates = [Rule("ca.pem", "")];
        Assert.Throws<ConfigurationErrorsException>(() => ServerSettings.From(options));
    }

    private static ClientCertificateOptions Rule(string authorities, params string[] lists) => new()
    {
        CaFile = authorities, CrlFiles = [.. lists], Uri = "spiffe://corp.example/{service}", SpiffeId = "spiffe://{trustDomain}/ns/shop/sa/{service}",
    };

    private Forged Leaf(string service) => _authority.Leaf($"spiffe://corp.example/{service}");

    private byte[] List(int second, params Forged[] revoked) => _authority.RevocationList(_time.GetUtcNow().AddSeconds(second), _time.GetUtcNow().AddDays(1), revoked);

    private async Task ReadAnewAsync(MtlsHost host, string name, byte[] list, int told)
    {
        await File.WriteAllBytesAsync(host.PathOf(name), list);
        await AdminHost.UntilAsync("the list to be read", () =>
        {
            _time.Advance(ClientAuthorities.Every);
            return host.Log.Lines.Any(line => line.Id == told);
        });
    }

    private Task<MtlsHost> StartAsync(byte[]? list = null, byte[]? authorityPem = null) => MtlsHost.StartAsync(
        (options, directory) =>
        {
            foreach (string name in new[] { "corp", "operators" })
            {
                File.WriteAllBytes(directory.PathOf($"{name}.crt"), authorityPem ?? System.Text.Encoding.ASCII.GetBytes(_authority.Pem()));
                File.WriteAllBytes(directory.PathOf($"{name}.crl"), list ?? List(0));
            }

            options.ClientCertificates.Add(Rule(directory.PathOf("corp.crt"), directory.PathOf("corp.crl")));
            options.Admin.Tcp = "127.0.0.1:0";
            options.Admin.ClientCaFile = directory.PathOf("operators.crt");
            options.Admin.ClientCrlFiles = [directory.PathOf("operators.crl")];
            options.Admin.Roles.Add(new OperatorRuleOptions { SpiffeIdPrefix = "spiffe://corp.example/ops/", Role = "viewer" });
        },
        _time);
}
