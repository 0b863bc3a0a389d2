using SdsServer.Cli.Demo;
using SdsServer.Core.Rotation;

namespace SdsServer.Simulation.Pairs;

/// <summary>Real mutual TLS between each ordered pair of proxies, again whenever a secret of one of them or the trust state has changed.</summary>
internal sealed class PairMatrix(PairWorld world)
{
    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(1);

    private readonly Dictionary<TlsProxy, TlsIdentity> _tried = [];
    private readonly Dictionary<string, HashSet<(string, string)>> _covered = [];

    // When, who with whom, and why.
    private readonly List<string> _failures = [];
    private (long Epoch, long Floor, long SignerRevision, string Signer, RotationPhase Phase, RotationGoal? Goal, int? Waves) _at;

    /// <summary>Handshakes that went well.</summary>
    public int Done { get; private set; }


    /// <summary>Ordered pairs that have shaken hands in this phase on the way to this goal.</summary>
    public int PairsIn(RotationPhase phase, RotationGoal? goal) => _covered.TryGetValue(Label(phase, goal), out HashSet<(string, string)>? pairs) ? pairs.Count : 0;

    /// <summary>Lets those shake hands who are touched by what has happened since; the test fails at the first step at which one cannot.</summary>
    public async Task ShakeAsync()
    {
        TrustState state = world.State;
        (long, long, long, string, RotationPhase, RotationGoal?, int?) at =
            (state.Epoch, world.Engine.Floor, state.SignerRevision, state.Signer, world.Engine.Phase, state.Plan?.Goal, state.Plan?.WavesBegun);
        bool all = at != _at;
        _at = at;
        List<TlsProxy> able = [.. world.Proxies.Where(proxy => proxy.Identity is not null)];
        HashSet<TlsProxy> touched = [.. able.Where(proxy => all || !_tried.TryGetValue(proxy, out TlsIdentity? tried) || tried != proxy.Identity)];
        if (touched.Count == 0)
        {
            return;
        }

        using CancellationTokenSource limit = new(s_limit);
        await Task.WhenAll(
            from client in able
            from server in able
            where client != server && (touched.Contains(client) || touched.Contains(server))
            select TryAsync(client, server, limit.Token));
        foreach (TlsProxy proxy in touched)
        {
            _tried[proxy] = proxy.Identity!;
        }

        Assert.True(_failures.Count == 0, $"{_failures.Count} handshakes of this step failed:\n{string.Join('\n', _failures.Take(5))}");
    }

    /// <summary>Whether a proxy that holds this identity is accepted by a peer as it is now.</summary>
    public static async Task<bool> WorksAsync(TlsIdentity client, string clientId, TlsProxy server)
    {
        using CancellationTokenSource limit = new(s_limit);
        return await Handshake.TryAsync(client, clientId, server.Identity!, server.SpiffeId, limit.Token) is null;
    }

    /// <summary>How many handshakes, and how many ordered pairs in which phase.</summary>
    public override string ToString() => $"{Done} handshakes; ordered pairs in {string.Join(", ", _covered.Select(phase => $"{phase.Key.Trim()} {phase.Value.Count}"))}";

    private async Task TryAsync(TlsProxy client, TlsProxy server, CancellationToken cancellation)
    {
        string? error = await Handshake.TryAsync(client.Identity!, client.SpiffeId, server.Identity!, server.SpiffeId, cancellation);
        lock (_covered)
        {
            if (error is not null)
            {
                _failures.Add($"{world.Time.Up}, {Label(_at.Phase, _at.Goal)}: {client} with {server}: {error}");
                return;
            }

            Done++;
            string label = Label(_at.Phase, _at.Goal);
            if (!_covered.TryGetValue(label, out HashSet<(string, string)>? pairs))
            {
                _covered.Add(label, pairs = []);
            }

            pairs.Add((client.Label, server.Label));
        }
    }

    private static string Label(RotationPhase phase, RotationGoal? goal) => $"{phase} {goal}";
}
