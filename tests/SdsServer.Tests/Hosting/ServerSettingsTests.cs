using Microsoft.Extensions.Configuration;
using SdsServer.Admin.Operators;
using SdsServer.Hosting;
using SdsServer.Identity;
using SdsServer.Identity.X509;

namespace SdsServer.Tests.Hosting;

public sealed class ServerSettingsTests
{
    [Theory]
    [InlineData("DataDirectory", "")]
    [InlineData("DataDirectory", "a\0b")]
    [InlineData("Xds:Socket", "a\0b")]
    [InlineData("Admin:Socket", "a\0b")]
    [InlineData("Registrations:File", "a\0b")]
    public void What_is_no_path_is_named(string key, string path)
    {
        IConfigurationRoot configuration = new ConfigurationBuilder().AddInMemoryCollection([KeyValuePair.Create($"SdsServer:{key}", (string?)path)]).Build();

        ConfigurationErrorsException wrong = Assert.Throws<ConfigurationErrorsException>(() => ServerSettings.Read(configuration.GetSection("SdsServer")));

        Assert.Contains(wrong.Errors, error => error.StartsWith($"SdsServer:{key}: '", StringComparison.Ordinal) && error.EndsWith("is no path", StringComparison.Ordinal));
    }

    [Fact]
    public void Defaults_are_valid()
    {
        ServerSettings settings = ServerSettings.From(new ServerOptions());

        Assert.Equal("example.org", settings.TrustDomain.Name);
        Assert.EndsWith("sdsserver-data/sds.sock", settings.XdsSocket, StringComparison.Ordinal);
        Assert.Null(settings.XdsTcp);
    }

    [Fact]
    public void Every_error_is_reported_at_once()
    {
        ServerOptions options = new() { TrustDomain = "Example.ORG", UnixPeers = [new UnixPeerOptions { SpiffeId = "spiffe://example.org/a" }] };
        options.Xds.SocketMode = "9";
        options.Leaf.Lifetime = TimeSpan.FromMinutes(1);

        ConfigurationErrorsException wrong = Assert.Throws<ConfigurationErrorsException>(() => ServerSettings.From(options));

        Assert.Equal(4, wrong.Errors.Count);
    }

    public static TheoryData<string, Action<ServerOptions>> Refused => new()
    {
        { "SdsServer:TrustDomain", options => options.TrustDomain = "" },
        { "SdsServer:Xds:", options => { options.Xds.Socket = "none"; } },
        { "without TLS", options => options.Xds.Tcp = "127.0.0.1:8443" },
        { "dev mode serves loopback only", options => { options.Dev = true; options.Xds.Tcp = "0.0.0.0:8443"; options.Xds.CertificateFile = "c"; options.Xds.KeyFile = "k"; } },
        { "set one of them", options => Tls(options).Xds.ServingNames.Add("sds.example.org") },
        { "nobody looks at a certificate", options => options.Xds.ServingNames.Add("sds.example.org") },
        { "ServingNames: 'SDS.example.org' is neither", options => { options.Xds.Tcp = "127.0.0.1:8443"; options.Xds.ServingNames.AddRange(["127.0.0.1", "SDS.example.org"]); options.Dev = true; } },
        { "ServingNames: '1.2' is neither", options => { options.Xds.Tcp = "127.0.0.1:8443"; options.Xds.ServingNames.Add("1.2"); options.Dev = true; } },
        { "AnchorsFile: these are the roots", options => options.Xds.AnchorsFile = "/tmp/anchors.pem" },
        { "does not exist", options => { options.Xds.Tcp = "127.0.0.1:8443"; options.Xds.ServingNames.Add("sds.example.org"); options.Xds.AnchorsFile = "/nowhere/anchors.pem"; } },
        { "BootstrapGrace", options => options.Fleet = options.Fleet with { BootstrapGrace = TimeSpan.Zero } },
        { "go together", options => options.Xds.CertificateFile = "c" },
        { "no ADDRESS:PORT", options => options.Xds.Tcp = "8443x" },
        { "no octal mode", options => options.Admin.SocketMode = "rw" },
        { "no octal mode", options => options.Admin.SocketMode = "" },
        { "no octal mode", options => options.Admin.SocketMode = "-1" },
        { "no octal mode", options => options.Admin.SocketMode = "07777" },
        { "no octal mode", options => options.Xds.SocketMode = "77777777777777" },
        { "neither 'leaf' nor 'bundle'", options => options.Aliases["web"] = "cert" },
        { "SdsServer:Aliases", options => options.Aliases["ROOTCA"] = "leaf" },
        { "no ADDRESS:PORT", options => options.Xds.Tcp = "::1" },
        { "no ADDRESS:PORT", options => options.Xds.Tcp = "10.0.0.1" },
        { "would be an operator", options => options.Xds.Socket = options.Admin.Socket = "/tmp/both.sock" },
        { "a shorter one", options => options.Xds.Socket = "/tmp/" + new string('x', 120) },
        { "can never apply", options => options.UnixPeers.AddRange([Peer("a", null), Peer("b", 5)]) },
        { "can never apply", options => options.UnixPeers.AddRange([Peer("a", 5), Peer("b", 5)]) },
        { "a user id is required", options => options.UnixPeers.Add(new UnixPeerOptions { SpiffeId = "spiffe://example.org/a" }) },
        { "SpiffeId", options => options.UnixPeers.Add(new UnixPeerOptions { Uid = 1, SpiffeId = "spiffe://Example.org/a" }) },
        { "this trust domain", options => options.UnixPeers.Add(new UnixPeerOptions { Uid = 1, SpiffeId = "spiffe://other.org/a" }) },
        { "DnsNames", options => options.UnixPeers.Add(new UnixPeerOptions { Uid = 1, SpiffeId = "spiffe://example.org/a", DnsNames = ["*.x"] }) },
        { "SdsServer:Leaf", options => options.Leaf.Minimum = TimeSpan.FromDays(2) },
        { "three times", options => options.Root.Lifetime = TimeSpan.FromDays(2) },
        { "RenewAt", options => options.Fleet = options.Fleet with { RenewAt = 0.95 } },
        { "ReconnectWindow", options => options.Fleet = options.Fleet with { ReconnectWindow = TimeSpan.Zero } },
        { "IssuesInFlight", options => options.Fleet = options.Fleet with { IssuesInFlight = 0 } },
        { "Rotation:DropSoak", options => options.Rotation = options.Rotation with { DropSoak = TimeSpan.FromSeconds(-1) } },
        { "Rotation:CanarySoak", options => options.Rotation = options.Rotation with { CanarySoak = TimeSpan.FromSeconds(-1) } },
        { "Rotation:GateDeadline", options => options.Rotation = options.Rotation with { GateDeadline = TimeSpan.Zero } },
        { "Rotation:SignDeadline", options => options.Rotation = options.Rotation with { SignDeadline = TimeSpan.Zero } },
        { "Rotation:DropDeadline", options => options.Rotation = options.Rotation with { DropDeadline = TimeSpan.Zero } },
        { "Rotation:MaxInFlight", options => options.Rotation = options.Rotation with { MaxInFlight = 0 } },
        { "Rotation:MaxSilentPercent", options => options.Rotation = options.Rotation with { MaxSilentPercent = 101 } },
        { "Rotation:LeafLifetime", options => options.Rotation = options.Rotation with { LeafLifetime = TimeSpan.FromMinutes(1) } },
        { "'ten' is no wave", options => options.Rotation = options.Rotation with { Waves = "1,ten" } },
        { "'0' is no wave", options => options.Rotation = options.Rotation with { Waves = "0" } },
        { "'101%' is no wave", options => options.Rotation = options.Rotation with { Waves = "101%" } },
        { "'path=shop' is no wave", options => options.Rotation = options.Rotation with { Waves = "path=shop" } },
        { "must be the last", options => options.Rotation = options.Rotation with { Waves = "100%,1" } },
        { "Rotation:TrustGate: 'Time' is none of", options => options.Rotation = options.Rotation with { TrustGate = "Time" } },
        { "Rotation:WaveGate: '2' is none of", options => options.Rotation = options.Rotation with { WaveGate = "2" } },
        { "Rotation:DropGate: 'Ack=00:01:00' is none of", options => options.Rotation = options.Rotation with { DropGate = "Ack=00:01:00" } },
        { "needs SdsServer:RotationWebhook", options => options.Rotation = options.Rotation with { WaveGate = "Webhook" } },
        { "absolute http or https", options => options.RotationWebhook = "ftp://gate.example/ask" },
        { "absolute http or https", options => options.RotationWebhook = "/ask" },
        { "absolute http or https", options => options.RotationWebhook = "https://user:password@gate.example/ask" },
        { "AutomaticRotation", options => options.AutomaticRotation.Prepare = 0.9 },
        { "AutomaticRotation", options => options.AutomaticRotation.Activate = 1 },
        { "AutomaticRotation", options => options.AutomaticRotation.Prepare = 0 },
        { "Enrolment:CertificateLifetime", options => options.Enrolment.CertificateLifetime = TimeSpan.FromMinutes(9) },
        { "Enrolment:CertificateLifetime", options => options.Enrolment.CertificateLifetime = TimeSpan.FromDays(91) },
        { "Enrolment:PerSecondPerAddress", options => options.Enrolment.PerSecondPerAddress = 0 },
        { "Enrolment:BurstPerAddress", options => options.Enrolment.BurstPerAddress = 0 },
        { "Enrolment:PerSecond", options => options.Enrolment.PerSecond = 0 },
        { "Enrolment:Burst", options => options.Enrolment.Burst = 0 },
        { "Enrolment:ServerCaFile", options => options.Enrolment.ServerCaFile = "/nowhere.crt" },
        { "set SdsServer:Xds:Tcp", options => options.ClientCertificates.Add(Rule(_ => { })) },
        { "ClientCertificates:0:CaFile", options => Tls(options).ClientCertificates.Add(Rule(rule => rule.CaFile = "")) },
        { "one of Uri, Dns and CommonName", options => Tls(options).ClientCertificates.Add(Rule(rule => rule.Dns = "")) },
        { "one of Uri, Dns and CommonName", options => Tls(options).ClientCertificates.Add(Rule(rule => rule.Uri = "spiffe://corp/x")) },
        { "is neither {trustDomain} nor a place", options => Tls(options).ClientCertificates.Add(Rule(rule => rule.SpiffeId = "spiffe://example.org/{other}")) },
        { "this trust domain", options => Tls(options).ClientCertificates.Add(Rule(rule => rule.SpiffeId = "spiffe://other.org/{service}")) },
        { "this trust domain", options => Tls(options).ClientCertificates.Add(Rule(rule => rule.SpiffeId = "spiffe://example.org")) },
        { "ClientCertificates:0: '{a}{b}'", options => Tls(options).ClientCertificates.Add(Rule(rule => rule.Dns = "{a}{b}.corp")) },
        { "ClientCertificates:0:DnsNames", options => Tls(options).ClientCertificates.Add(Rule(rule => rule.DnsNames = ["-{service}"])) },
        { "needs TLS", options => Operators(options).CertificateFile = null },
        { "needs TLS", options => Operators(options).KeyFile = null },
        { "knows operators by certificates", options => Operators(options).ClientCaFile = "" },
        { "nobody has a role", options => Operators(options).Roles.Clear() },
        { "is the proxies' address", options => { Operators(options).Tcp = "127.0.0.1:8443"; Tls(options); } },
        { "are for operators over TCP", options => Operators(options).Tcp = "" },
        { "Admin:Tcp: '9443x' is no ADDRESS:PORT", options => Operators(options).Tcp = "9443x" },
        { "none of viewer, operator, admin", options => Operators(options).Roles[0].Role = "root" },
        { "none of viewer, operator, admin", options => Operators(options).Roles[0].Role = "3" },
        { "none of viewer, operator, admin", options => Operators(options).Roles[0].Role = "none" },
        { "one of SpiffeId, SpiffeIdPrefix and Subject", options => Operators(options).Roles[0].SpiffeId = "" },
        { "one of SpiffeId, SpiffeIdPrefix and Subject", options => Operators(options).Roles[0].Subject = "CN=alice" },
        { "must end in a slash", options => (Operators(options).Roles[0].SpiffeId, options.Admin.Roles[0].SpiffeIdPrefix) = ("", "spiffe://example.org/ops") },
        { "Roles:0:SpiffeIdPrefix", options => (Operators(options).Roles[0].SpiffeId, options.Admin.Roles[0].SpiffeIdPrefix) = ("", "/") },
        { "Roles:0:SpiffeId: 'spiffe://Example.org/a'", options => Operators(options).Roles[0].SpiffeId = "spiffe://Example.org/a" },
        { "nobody can have it", options => Operators(options).Roles[0].SpiffeId = "spiffe://example.org" },
        { "no subject such as", options => (Operators(options).Roles[0].SpiffeId, options.Admin.Roles[0].Subject) = ("", "alice") },
        { "IntermediateLifetime", options => options.Root.IntermediateLifetime = TimeSpan.FromDays(2) },
        { "IssuesPerSecond", options => options.Fleet = options.Fleet with { IssuesPerSecond = 0 } },
        { "LeavesPerIdentity", options => options.Fleet = options.Fleet with { LeavesPerIdentity = 0 } },
        { "MaxRoots", options => options.Fleet = options.Fleet with { MaxRoots = 4 } },
        { "BundleCheck", options => options.Fleet = options.Fleet with { BundleCheck = TimeSpan.Zero } },
        { "AskAgain", options => options.Fleet = options.Fleet with { AskAgain = TimeSpan.Zero } },
    };

    [Theory]
    [MemberData(nameof(Refused))]
    public void Refuses(string words, Action<ServerOptions> change)
    {
        ServerOptions options = new();
        change(options);

        ConfigurationErrorsException wrong = Assert.Throws<ConfigurationErrorsException>(() => ServerSettings.From(options));

        string error = Assert.Single(wrong.Errors);
        Assert.Contains(words, error, StringComparison.Ordinal);
    }

    [Fact]
    public void The_narrower_rule_may_stand_before_the_wider_one() =>
        Assert.Equal(2, ServerSettings.From(new ServerOptions { UnixPeers = [Peer("a", 5), Peer("b", null)] }).UnixPeers.Length);

    [Theory]
    [InlineData("SdsServer:Fleet:StrictAbsense", "true")]
    [InlineData("SdsServer:UnixPeers:0:BundelOnly", "true")]
    [InlineData("SdsServer:Dev", "perhaps")]
    public void A_setting_that_nobody_knows_or_can_read_is_an_error(string key, string value)
    {
        IConfigurationRoot configuration = new ConfigurationBuilder().AddInMemoryCollection([KeyValuePair.Create(key, (string?)value)]).Build();

        ConfigurationErrorsException wrong = Assert.Throws<ConfigurationErrorsException>(() => ServerSettings.Read(configuration.GetSection("SdsServer")));

        Assert.Contains(key.Split(':')[^1], string.Join(' ', wrong.Errors), StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_set_is_read()
    {
        IConfigurationRoot configuration = new ConfigurationBuilder().AddInMemoryCollection([
            KeyValuePair.Create("SdsServer:Aliases:web", (string?)"leaf"),
            KeyValuePair.Create("SdsServer:UnixPeers:0:Uid", (string?)"7"),
            KeyValuePair.Create("SdsServer:UnixPeers:0:SpiffeId", (string?)"spiffe://example.org/a"),
            KeyValuePair.Create("SdsServer:UnixPeers:0:DnsNames:0", (string?)"a.example.org"),
            KeyValuePair.Create("SdsServer:Fleet:AckTimeout", (string?)"00:00:07"),
            KeyValuePair.Create("SdsServer:Rotation:GateDeadline", (string?)"01:00:00"),
        ]).Build();

        ServerSettings settings = ServerSettings.Read(configuration.GetSection("SdsServer"));

        Assert.Equal("a.example.org", Assert.Single(Assert.Single(settings.UnixPeers).Workload.DnsNames));
        Assert.Equal((TimeSpan.FromSeconds(7), TimeSpan.FromHours(1)), (settings.Fleet.AckTimeout, settings.Rotation.GateDeadline));
    }

    [Fact]
    public void With_names_the_server_issues_its_own_certificate_for_both_addresses()
    {
        ServerOptions options = new();
        options.Xds.Tcp = "0.0.0.0:8443";
        options.Xds.ServingNames.AddRange(["sds.example.org", "10.0.0.1", "2001:db8::1"]);
        Operators(options);
        (options.Admin.CertificateFile, options.Admin.KeyFile) = (null, null);

        ServerSettings settings = ServerSettings.From(options);

        Assert.True(settings.Fleet.OwnServing);
        Assert.Equal("spiffe://example.org/sds-server", settings.ServingNames!.Id.ToString());
        Assert.Equal(("sds.example.org", 2), (Assert.Single(settings.ServingNames.DnsNames), settings.ServingNames.Addresses.Length));
        Assert.False(ServerSettings.From(Tls(new ServerOptions())).Fleet.OwnServing);
    }

    private static ServerOptions Tls(ServerOptions options)
    {
        (options.Xds.Tcp, options.Xds.CertificateFile, options.Xds.KeyFile) = ("127.0.0.1:8443", "c", "k");
        return options;
    }

    private static ClientCertificateOptions Rule(Action<ClientCertificateOptions> change)
    {
        ClientCertificateOptions rule = new() { CaFile = "corp.crt", Dns = "{service}.corp.example", SpiffeId = "spiffe://example.org/{service}" };
        change(rule);
        return rule;
    }

    private static AdminListenerOptions Operators(ServerOptions options)
    {
        (options.Admin.Tcp, options.Admin.CertificateFile, options.Admin.KeyFile, options.Admin.ClientCaFile) = ("127.0.0.1:9443", "c", "k", "ca.crt");
        options.Admin.Roles.Add(new OperatorRuleOptions { SpiffeId = "spiffe://example.org/ops/alice", Role = "admin" });
        return options.Admin;
    }

    private static UnixPeerOptions Peer(string name, int? gid) => new() { Uid = 1, Gid = gid, SpiffeId = $"spiffe://example.org/{name}" };
}
