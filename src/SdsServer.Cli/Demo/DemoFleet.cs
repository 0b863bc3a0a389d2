using Google.Protobuf.WellKnownTypes;
using SdsServer.Cli.Admin;
using SdsServer.Protos.Admin.V1;

namespace SdsServer.Cli.Demo;

/// <summary>The sidecars with their streams: each its own workload with its own token and connection, state of the world and delta in turn.</summary>
internal sealed class DemoFleet : IAsyncDisposable
{
    private readonly List<SecretStream> _streams = [];
    private readonly List<Task> _running = [];
    private readonly CancellationTokenSource _stopping = new();

    public List<Sidecar> Sidecars { get; } = [];

    public int Acks => Sidecars.Sum(sidecar => sidecar.Acks);

    public int Nacks => Sidecars.Sum(sidecar => sidecar.Nacks);

    public async Task StartAsync(AdminClient admin, string parent, string sdsAddress, int count, TimeProvider time)
    {
        for (int number = 1; number <= count; number++)
        {
            string name = $"sidecar-{number:00}";
            string spiffeId = $"spiffe://{ResourceName.Id(parent)}/demo/{name}";
            CreateTokenResponse token = await admin.CallAsync(AdminMethods.CreateToken, new CreateTokenRequest
            {
                Parent = parent,
                SpiffeId = spiffeId,
                DisplayName = name,
                Ttl = TimeSpan.FromHours(1).ToDuration(),
                Reason = "sdsctl demo",
            });
            Sidecar sidecar = new(name, spiffeId, delta: number % 2 == 0);
            SecretStream stream = new(sidecar, sdsAddress, token.Secret, time, _stopping.Token);
            Sidecars.Add(sidecar);
            _streams.Add(stream);
            _running.Add(stream.RunAsync());
        }
    }

    /// <summary>How many present a leaf from the authority with this key identifier.</summary>
    public int LeavesFrom(string keyId) => Sidecars.Count(sidecar => sidecar.Identity?.Leaf.IssuerKeyId == keyId);

    /// <exception cref="Exception">A stream was refused for good.</exception>
    public async Task ThrowIfFailedAsync()
    {
        foreach (Task stream in _running.Where(stream => stream.IsFaulted))
        {
            await stream;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await Task.WhenAll(_running).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        foreach (SecretStream stream in _streams)
        {
            stream.Dispose();
        }

        _stopping.Dispose();
    }
}
