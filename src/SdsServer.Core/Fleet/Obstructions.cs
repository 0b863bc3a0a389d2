namespace SdsServer.Core.Fleet;

/// <summary>
/// Which instances stand in a plan's way, and since when their identities have without a break. Whoever begins when its identity has
/// done so for long is excused: else an identity that brings a new process before the last one has aged out would hold a plan for ever.
/// </summary>
internal sealed class Obstructions(TimeSpan patience)
{
    private readonly Dictionary<string, (int Instances, TimeSpan Since)> _identities = [];
    private readonly Dictionary<Instance, bool> _excused = [];

    /// <summary>All of them, excused or not.</summary>
    public IReadOnlyCollection<Instance> All => _excused.Keys;

    /// <summary>How many of them are not excused.</summary>
    public int Heeded { get; private set; }

    /// <summary>It stands in the way from now on.</summary>
    /// <param name="up">Monotonic time.</param>
    /// <returns>False: it did already.</returns>
    public bool Add(Instance instance, TimeSpan up)
    {
        if (_excused.ContainsKey(instance))
        {
            return false;
        }

        (int instances, TimeSpan since) = _identities.GetValueOrDefault(instance.Key.SpiffeId, (0, up));
        _identities[instance.Key.SpiffeId] = (instances + 1, since);
        bool excused = up > since + patience;
        _excused.Add(instance, excused);
        Heeded += excused ? 0 : 1;
        return true;
    }

    public void Remove(Instance instance)
    {
        if (!_excused.Remove(instance, out bool excused))
        {
            return;
        }

        Heeded -= excused ? 0 : 1;

        (int instances, TimeSpan since) = _identities[instance.Key.SpiffeId];
        if (instances == 1)
        {
            _identities.Remove(instance.Key.SpiffeId);
        }
        else
        {
            _identities[instance.Key.SpiffeId] = (instances - 1, since);
        }
    }

    public bool Excuses(Instance instance) => _excused.GetValueOrDefault(instance);
}
