using SdsServer.Core.Access;
using SdsServer.Core.Pki;
using SdsServer.Core.Rotation;
using SdsServer.Grpc;
using SdsServer.Identity;
using SdsServer.Identity.Jwt;
using SdsServer.Identity.Registrations;
using SdsServer.Testing;
using SdsServer.Tests.Xds;

namespace SdsServer.Tests.Identity.Registrations;

/// <summary>The xDS services behind the real way in, with registrations in a store and tokens for spiffe://example.org/web and /db.</summary>
internal sealed class RegistrationServer : IAsyncDisposable
{
    private const string Domain = "example.org";

    private readonly InMemoryTrustStore _store = new(new SimulatedDisk());
    private readonly TokenDirectory _tokens;
    private readonly Dictionary<string, string> _texts = [];
    private long _term;

    private RegistrationServer(bool required)
    {
        _tokens = new TokenDirectory(_store, Domain, TimeProvider.System);
        Registrations = new RegistrationDirectory(_store, TrustDomain.Parse(Domain), LeafPolicy.Default, required);
    }

    public RegistrationDirectory Registrations { get; }

    public XdsTestServer Xds { get; private set; } = null!;

    public ScriptedFleet Fleet => Xds.Fleet;

    public CapturedLog Log { get; } = new();

    public static async Task<RegistrationServer> StartAsync(bool required = false, params Registration[] registrations)
    {
        RegistrationServer server = new(required);
        server._term = (await server._store.BeginTermAsync(Domain, DateTimeOffset.MinValue, default)).Term;
        await server.AddTokenAsync("web");
        await server.AddTokenAsync("db");
        WorkloadAuthenticator authenticator = new(
            TrustDomain.Parse(Domain), [], server._tokens, new JwtAuthenticator([], TimeProvider.System, server.Log), certificates: null, server.Registrations,
            new ProcessWatch(_ => { }, TimeProvider.System), new UnregisteredLog(TimeProvider.System, server.Log), dev: false);
        server.Xds = await XdsTestServer.StartAsync(authenticate: authenticator.AuthenticateAsync);
        server.Registrations.Changed += server.Xds.Xds.Reconsider;
        foreach (Registration registration in registrations)
        {
            await server.AddAsync(registration);
        }

        return server;
    }

    /// <summary>A registration of the bearer of a token.</summary>
    public static Registration Of(string workload, params string[] secretNames) => new()
    {
        Id = $"the-{workload}", Selectors = [$"token:{workload}"], SpiffeId = $"spiffe://example.org/{workload}", SecretNames = [.. secretNames],
    };

    public async Task AddAsync(Registration registration)
    {
        await _store.AddRegistrationAsync(Domain, _term, registration with { Revision = 1 }, Entry(DecisionKind.CreateRegistration), default);
        await Registrations.ReloadAsync(default);
    }

    public async Task UpdateAsync(string id, Func<Registration, Registration> change)
    {
        Registration stored = (await _store.ReadRegistrationsAsync(Domain, default)).Single(registration => registration.Id == id);
        Assert.True(await _store.UpdateRegistrationAsync(Domain, _term, change(stored) with { Revision = stored.Revision + 1 }, Entry(DecisionKind.UpdateRegistration), default));
        await Registrations.ReloadAsync(default);
    }

    public async Task DeleteAsync(string id)
    {
        Assert.True(await _store.DeleteRegistrationAsync(Domain, _term, id, null, Entry(DecisionKind.DeleteRegistration), default));
        await Registrations.ReloadAsync(default);
    }

    /// <param name="workload">Whose token it shows; null for none.</param>
    public XdsStream Open(string? workload, Transport transport) =>
        XdsStream.Open(Xds, transport, headers: workload is null ? null : Headers(workload));

    public Metadata Headers(string workload) => new() { { "authorization", $"Bearer {_texts[workload]}" } };

    public async ValueTask DisposeAsync()
    {
        await Xds.DisposeAsync();
        Registrations.Dispose();
        _tokens.Dispose();
        await _store.DisposeAsync();
    }

    private async Task AddTokenAsync(string workload)
    {
        (_texts[workload], byte[] hash) = TokenText.Create(workload);
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        await _store.AddTokenAsync(
            Domain, _term,
            new AccessToken { Id = workload, DisplayName = "", SpiffeId = $"spiffe://example.org/{workload}", Hash = [.. hash], CreatedAt = now, NotAfter = now.AddHours(1) },
            Entry(DecisionKind.CreateToken), default);
        await _tokens.ReloadAsync(default);
    }

    private static Decision Entry(DecisionKind kind) => new() { At = TimeProvider.System.GetUtcNow(), Actor = "test", Kind = kind, Action = $"{kind}" };
}
