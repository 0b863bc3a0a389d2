using System.Collections.Concurrent;

namespace SdsServer.Cli.Demo;

/// <summary>Sidecars that shake hands with each other without pause: every ordered pair, in an order drawn anew each round.</summary>
internal sealed class HandshakeLoad(IReadOnlyList<Sidecar> sidecars, int seed, TimeProvider time)
{
    private const int KeptFailures = 50;
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(15);

    private readonly Lock _drawing = new();
    private readonly Random _random = new(seed);
    private readonly ConcurrentQueue<HandshakeFailure> _failures = [];
    private readonly (int Client, int Server)[] _pairs =
        [.. from client in Enumerable.Range(0, sidecars.Count) from server in Enumerable.Range(0, sidecars.Count) where client != server select (client, server)];

    // By phase, then by client * sidecars + server.
    private readonly ConcurrentDictionary<string, int[]> _well = [];

    private int _next;
    private int _rounds;
    private long _done;
    private long _failed;
    private long _begun;
    private volatile string _phase = "";

    /// <summary>For the record of a failure, and what <see cref="FewestIn"/> counts by.</summary>
    public string Phase
    {
        get => _phase;
        set => _phase = value;
    }

    public int Pairs => _pairs.Length;

    /// <summary>How often every pair has been drawn.</summary>
    public int Rounds => Volatile.Read(ref _rounds);

    /// <summary>Handshakes that ended, whichever way.</summary>
    public long Done => Interlocked.Read(ref _done);

    public long Failed => Interlocked.Read(ref _failed);

    /// <summary>Since the first worker began.</summary>
    public double PerSecond => Done / Math.Max(0.001, time.GetElapsedTime(Interlocked.Read(ref _begun)).TotalSeconds);

    public IReadOnlyCollection<HandshakeFailure> Failures => _failures;

    /// <summary>Handshakes that went well and were wholly in this phase, of the ordered pair that had the fewest.</summary>
    public int FewestIn(string phase) => _well.TryGetValue(phase, out int[]? well) ? well.Where((_, pair) => pair / sidecars.Count != pair % sidecars.Count).Min() : 0;

    /// <summary>Handshakes of all pairs that went well and were wholly in this phase.</summary>
    public int CountIn(string phase) => _well.TryGetValue(phase, out int[]? well) ? well.Sum() : 0;

    /// <summary>One worker; run as many as there should be handshakes at once.</summary>
    public async Task RunAsync(CancellationToken stopping)
    {
        Interlocked.CompareExchange(ref _begun, time.GetTimestamp(), 0);
        while (!stopping.IsCancellationRequested)
        {
            (int client, int server) = Draw();
            try
            {
                string phase = _phase;
                if (await TryAsync(sidecars[client], sidecars[server], stopping) && _phase == phase)
                {
                    Interlocked.Increment(ref _well.GetOrAdd(phase, _ => new int[sidecars.Count * sidecars.Count])[(client * sidecars.Count) + server]);
                }
            }
            catch (OperationCanceledException) when (stopping.IsCancellationRequested)
            {
                return;
            }

            // Streams and the terminal must get their turn on a small machine.
            await Task.Yield();
        }
    }

    private async Task<bool> TryAsync(Sidecar client, Sidecar server, CancellationToken stopping)
    {
        if (client.Identity is not { } clientIdentity || server.Identity is not { } serverIdentity)
        {
            Fail(client, server, "one of them has no identity");
            return false;
        }

        using CancellationTokenSource limit = new(s_limit, time);
        using CancellationTokenSource ended = CancellationTokenSource.CreateLinkedTokenSource(stopping, limit.Token);
        string? error;
        try
        {
            error = await Handshake.TryAsync(clientIdentity, client.SpiffeId, serverIdentity, server.SpiffeId, ended.Token);
        }
        catch (OperationCanceledException) when (!stopping.IsCancellationRequested)
        {
            error = $"no end within {s_limit.TotalSeconds:0} s";
        }

        if (error is not null)
        {
            Fail(client, server, $"{error}; client had {clientIdentity}; server had {serverIdentity}");
            return false;
        }

        Interlocked.Increment(ref _done);
        return true;
    }

    private void Fail(Sidecar client, Sidecar server, string error)
    {
        Interlocked.Increment(ref _done);
        if (Interlocked.Increment(ref _failed) <= KeptFailures)
        {
            _failures.Enqueue(new(time.GetUtcNow(), Phase, client.Name, server.Name, error));
        }
    }

    private (int Client, int Server) Draw()
    {
        lock (_drawing)
        {
            if (_next == _pairs.Length)
            {
                _next = 0;
                _rounds++;
            }

            if (_next == 0)
            {
                _random.Shuffle(_pairs);
            }

            return _pairs[_next++];
        }
    }
}
