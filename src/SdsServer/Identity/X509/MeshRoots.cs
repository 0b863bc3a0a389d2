using System.Collections.Immutable;
using SdsServer.Core.Pki;
using SdsServer.Core.Rotation;

namespace SdsServer.Identity.X509;

/// <summary>
/// The roots under which a leaf of the mesh is evidence: those in the trust bundle, without any that is tainted (rotation rule E10). Follows the trust
/// state; what an ended root has let in ends at once. Safe for concurrent use.
/// </summary>
internal sealed class MeshRoots
{
    private readonly Lock _lock = new();
    private readonly Dictionary<(string Root, string SpiffeId), CancellationTokenSource> _entered = [];
    private volatile Snapshot _current = new([], []);

    /// <summary>Roots that count now.</summary>
    public IReadOnlyCollection<Certificate> Trusted => _current.Trusted;

    /// <summary>Roots whose keys are known to be stolen, and the keys of authorities below them.</summary>
    public IReadOnlyCollection<Certificate> Tainted => _current.Tainted;

    /// <summary>Takes over a state.</summary>
    public void Follow(TrustState state)
    {
        ArgumentNullException.ThrowIfNull(state);
        Certificate[] tainted = [.. state.Authorities.Where(authority => authority.Tainted).SelectMany(authority => authority.Chain).Select(Parse).Distinct()];
        HashSet<string> taintedRoots = [.. state.Authorities.Where(authority => authority.Tainted).Select(authority => authority.RootId)];
        Certificate[] trusted = [.. state.Bundle.Where(id => !taintedRoots.Contains(id)).Select(id => Parse(state.Root(id).Certificate))];

        // First whom to let in, then whom to throw out: whoever comes in between finds out by itself.
        _current = new Snapshot([.. trusted], [.. tainted]);
        HashSet<string> kept = [.. trusted.Select(root => root.Fingerprint)];
        Withdraw(key => !kept.Contains(key.Root));
    }

    /// <summary>Fires when the root does not count any more, or the identity's leaves are taken back. Ask again after this whether they count.</summary>
    public CancellationToken Enter(Certificate root, SpiffeId id)
    {
        lock (_lock)
        {
            (string, string) key = (root.Fingerprint, id.ToString());
            if (!_entered.TryGetValue(key, out CancellationTokenSource? withdrawn))
            {
                _entered.Add(key, withdrawn = new CancellationTokenSource());
            }

            return withdrawn.Token;
        }
    }

    /// <summary>Whatever leaves of this identity have let in ends.</summary>
    public void Withdraw(string spiffeId) => Withdraw(key => key.SpiffeId == spiffeId);

    private void Withdraw(Func<(string Root, string SpiffeId), bool> isOver)
    {
        List<CancellationTokenSource> over = [];
        lock (_lock)
        {
            foreach ((string, string) key in _entered.Keys.Where(isOver).ToList())
            {
                _entered.Remove(key, out CancellationTokenSource? withdrawn);
                over.Add(withdrawn!);
            }
        }

        // Not here and now: it is the engine's loop that tells of a state, and whoever is thrown out must not hold it up, or break it.
        foreach (CancellationTokenSource withdrawn in over)
        {
            _ = withdrawn.CancelAsync();
        }
    }

    private static Certificate Parse(ImmutableArray<byte> der) => Certificate.Parse(der.AsSpan());

    private sealed record Snapshot(ImmutableArray<Certificate> Trusted, ImmutableArray<Certificate> Tainted);
}
