using SdsServer.Core.Access;
using SdsServer.Core.Fleet;
using SdsServer.Core.Pki;
using SdsServer.Core.Rotation;
using SdsServer.Grpc;
using SdsServer.Identity;
using SdsServer.Identity.Jwt;
using SdsServer.Identity.Registrations;
using SdsServer.Testing;
using SdsServer.Tests.Xds;

namespace SdsServer.Tests.Identity.Jwt;

/// <summary>The xDS services behind the real way in, for tokens of ours and of one issuer.</summary>
internal sealed class JwtServer : IAsyncDisposable
{
    private const string TrustDomain = "example.org";

    private readonly InMemoryTrustStore _store = new(new SimulatedDisk());
    private readonly TokenDirectory _tokens;
    private readonly CancellationTokenSource _stop = new();
    private JwtAuthenticator _jwts = null!;
    private Task _reading = Task.CompletedTask;
    private XdsTestServer _xds = null!;

    private JwtServer(TimeProvider time)
    {
        _tokens = new TokenDirectory(_store, TrustDomain, time);
        Registrations = new RegistrationDirectory(_store, Core.Pki.TrustDomain.Parse(TrustDomain), LeafPolicy.Default, required: false);
    }

    public RegistrationDirectory Registrations { get; }

    /// <summary>A token of this server's own, for spiffe://example.org/own.</summary>
    public string OwnToken { get; private set; } = "";

    public CapturedLog Log { get; } = new();

    public ScriptedFleet Fleet => _xds.Fleet;

    public static async Task<JwtServer> StartAsync(JwtIssuerOptions options, TimeProvider time)
    {
        JwtServer server = new(time);
        JwtAuthenticator jwts = server._jwts = new([TestIssuer.Checked(options)], time, server.Log);
        await jwts.StartAsync(default);
        server._reading = jwts.RunAsync(server._stop.Token);
        await server.AddOwnTokenAsync(time.GetUtcNow());
        WorkloadAuthenticator authenticator = new(
            Core.Pki.TrustDomain.Parse(TrustDomain), [], server._tokens, jwts, certificates: null, server.Registrations, new ProcessWatch(_ => { }, time), new UnregisteredLog(time, server.Log), dev: false);
        server._xds = await XdsTestServer.StartAsync(authenticate: authenticator.AuthenticateAsync, time: time);
        return server;
    }

    public XdsStream Open(string token, Transport transport = Transport.AdsDelta) =>
        XdsStream.Open(_xds, transport, headers: new Metadata { { "authorization", $"Bearer {token}" } });

    /// <summary>Whom the server takes the bearer of a token for.</summary>
    public async Task<Workload> WhoIsAsync(string token)
    {
        int before = Fleet.Events.OfType<SubscriptionOpened>().Count();
        await using XdsStream stream = Open(token);
        await stream.SubscribeAsync("roots/unset");
        await stream.EndsInSilenceAsync();
        return Fleet.Events.OfType<SubscriptionOpened>().Skip(before).Single().Workload;
    }

    /// <summary>How a stream with this token ends that is refused.</summary>
    public async Task<Status> RefusesAsync(string token, Transport transport = Transport.AdsDelta)
    {
        await using XdsStream stream = Open(token, transport);
        await stream.SubscribeAsync("roots/a");
        return await stream.StatusAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _reading;
        await _xds.DisposeAsync();
        _jwts.Dispose();
        Registrations.Dispose();
        _tokens.Dispose();
        await _store.DisposeAsync();
        _stop.Dispose();
    }

    private async Task AddOwnTokenAsync(DateTimeOffset now)
    {
        long term = (await _store.BeginTermAsync(TrustDomain, DateTimeOffset.MinValue, default)).Term;
        (OwnToken, byte[] hash) = TokenText.Create("own");
        AccessToken token = new() { Id = "own", DisplayName = "", SpiffeId = "spiffe://example.org/own", Hash = [.. hash], CreatedAt = now, NotAfter = now.AddHours(1) };
        Decision entry = new() { At = now, Actor = "test", Kind = DecisionKind.CreateToken, Action = "create token" };
        await _store.AddTokenAsync(TrustDomain, term, token, entry, default);
        await _tokens.ReloadAsync(default);
    }
}
