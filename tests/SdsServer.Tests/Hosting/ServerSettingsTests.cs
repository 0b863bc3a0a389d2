using SdsServer.Hosting;
using SdsServer.Identity;

namespace SdsServer.Tests.Hosting;

public sealed class ServerSettingsTests
{
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
        { "go together", options => options.Xds.CertificateFile = "c" },
        { "no ADDRESS:PORT", options => options.Xds.Tcp = "8443x" },
        { "no octal mode", options => options.Admin.SocketMode = "rw" },
        { "neither 'leaf' nor 'bundle'", options => options.Aliases["web"] = "cert" },
        { "SdsServer:Aliases", options => options.Aliases["ROOTCA"] = "leaf" },
        { "a user id is required", options => options.UnixPeers.Add(new UnixPeerOptions { SpiffeId = "spiffe://example.org/a" }) },
        { "SpiffeId", options => options.UnixPeers.Add(new UnixPeerOptions { Uid = 1, SpiffeId = "spiffe://Example.org/a" }) },
        { "this trust domain", options => options.UnixPeers.Add(new UnixPeerOptions { Uid = 1, SpiffeId = "spiffe://other.org/a" }) },
        { "DnsNames", options => options.UnixPeers.Add(new UnixPeerOptions { Uid = 1, SpiffeId = "spiffe://example.org/a", DnsNames = ["*.x"] }) },
        { "SdsServer:Leaf", options => options.Leaf.Minimum = TimeSpan.FromDays(2) },
        { "three times", options => options.Root.Lifetime = TimeSpan.FromDays(2) },
        { "RenewAt", options => options.Fleet = options.Fleet with { RenewAt = 0.95 } },
        { "ReconnectWindow", options => options.Fleet = options.Fleet with { ReconnectWindow = TimeSpan.Zero } },
        { "IssuesInFlight", options => options.Fleet = options.Fleet with { IssuesInFlight = 0 } },
        { "soaks", options => options.Rotation = options.Rotation with { DropSoak = TimeSpan.FromSeconds(-1) } },
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
}
