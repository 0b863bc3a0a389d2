using SdsServer.Core.Fleet;
using SdsServer.Core.Secrets;

namespace SdsServer.Simulation.Envoys;

/// <summary>
/// One Envoy process as three releases were seen to behave: bytes are stored before they are applied, identical bytes are
/// accepted without being applied, a context is judged as a whole, a first answer is accepted before the context is complete, and a
/// refusal can leave one context on the new secret and the next on the old one.
/// </summary>
/// <param name="finds">What is wrong with a secret in the eyes of this Envoy, or null.</param>
internal sealed class SimulatedEnvoy(string name, InstanceKey key, Workload workload, Func<SimulatedEnvoy, HeldSecret, string?> finds)
{
    private TimeSpan _away;
    private TimeSpan _awaySince;

    public string Name { get; } = name;

    public InstanceKey Key { get; } = key;

    public Workload Workload { get; } = workload;

    public Manner Manner { get; set; } = new(Dialect.Sotw, false, false);

    /// <summary>Its <c>node.cluster</c>, the present one last.</summary>
    public List<string> Clusters { get; } = ["mesh"];

    /// <summary>Where its admin answers; null where nobody can ask it.</summary>
    public Uri? Admin { get; init; }

    /// <summary>Its admin does not show what it uses.</summary>
    public bool IsAdminMute { get; set; }

    /// <summary>By which it knows the server's own certificate; null where it looks at none, or an operator's.</summary>
    public Anchors? Anchors { get; init; }

    public List<XdsClient> Clients { get; } = [];

    public List<SecretSource> Sources { get; } = [];

    public List<TlsContext> Contexts { get; } = [];

    public bool Alive { get; set; } = true;

    public long? Connection { get; private set; }

    /// <summary>Its connection takes no more streams: those that it has go on, the next one opens another connection.</summary>
    public bool IsDraining { get; set; }

    /// <summary>Monotonic time at which it last opened a stream.</summary>
    public TimeSpan OpenedAt => Clients.Max(static client => client.OpenedAt);

    /// <summary>It cannot reach the server before this monotonic time.</summary>
    public TimeSpan CutOffUntil { get; set; }

    /// <summary>It applies but does not answer for now.</summary>
    public bool Silent { get; set; }

    /// <summary>It never answers a bundle: it ages out, and nobody waits for it (rule E6).</summary>
    public bool Stubborn { get; set; }

    /// <summary>It never answers a leaf.</summary>
    public bool IsMute { get; set; }

    /// <summary>Roots under which it presented leaves when it was last looked at, and the longest NotAfter of each.</summary>
    public Dictionary<string, DateTimeOffset> Presented { get; } = [];

    /// <summary>Answers it will give when it speaks again.</summary>
    public List<Action> Withheld { get; } = [];

    /// <summary>What the server has heard to be refused: an ACK of these bytes proves nothing.</summary>
    public HashSet<string> Spoilt { get; } = [];

    /// <summary>Another consumer of bundles has, or had, its key: nothing but their connections tells the two apart.</summary>
    public bool HasTwin { get; set; }

    /// <summary>Each of its streams that ask for bundles says, when it opens, that it holds one.</summary>
    public bool ReportsAllItHas => Sources.TrueForAll(static source =>
        source.Removed || source.Kind != SecretKind.Bundle || (source.Client.Dialect == Dialect.Delta ? source.Accepted : source.Client.Accepted) is { Length: > 0 });

    /// <summary>How long, in all, the server has known it to have no connection.</summary>
    public TimeSpan Away(TimeSpan up) => _away + (Connection is null && up > _awaySince ? up - _awaySince : TimeSpan.Zero);

    /// <summary>The server hears that its connection has ended.</summary>
    /// <param name="at">Monotonic time at which it does.</param>
    public void Disconnect(TimeSpan at)
    {
        Connection = null;
        _awaySince = at;
    }

    /// <summary>It has a connection again.</summary>
    public void Reconnect(long connection, TimeSpan up)
    {
        _away = Away(up);
        Connection = connection;
    }

    /// <summary>Part of all secrets that it finds something wrong with.</summary>
    public double Pickiness { get; set; }

    /// <summary>What it found of each secret so far.</summary>
    public Dictionary<string, string?> Findings { get; } = [];

    public SecretSource Add(SecretKind kind, string secret, XdsClient client)
    {
        SecretSource source = new(kind, secret, client);
        client.Sources.Add(source);
        Sources.Add(source);
        return source;
    }

    /// <summary>Takes a secret; what comes back is the text of a NACK, or null.</summary>
    public string? Receive(SecretSource source, HeldSecret secret)
    {
        if (source.Stored?.Text == secret.Text)
        {
            return null;
        }

        source.Stored = secret;
        foreach (TlsContext context in Contexts)
        {
            if (!context.Uses(source) || !context.Complete)
            {
                continue;
            }

            // The context is judged whole, so that the text may be about the other secret.
            if ((finds(this, context.Bundle.Stored!) ?? (context.Leaf is null ? null : finds(this, context.Leaf.Stored!))) is { } wrong)
            {
                return wrong;
            }

            context.Build();
        }

        return null;
    }

    /// <summary>Whatever it found wrong was its own passing trouble.</summary>
    public void Forgive()
    {
        Pickiness = 0;
        Findings.Clear();
    }
}
