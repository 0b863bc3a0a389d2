namespace SdsServer.Core.Fleet;

/// <summary>
/// How much of the issuing budget one identity may use while others wait: so many leaves in a second, and never more than one second's
/// worth at once. A caller can invent processes, though not identities.
/// </summary>
internal sealed class IssuingShares(double perSecond)
{
    private const int Few = 1_000;

    // Per identity, the monotonic time at which all that it has asked for fits into its share; absent: long ago.
    private readonly Dictionary<string, TimeSpan> _usedUntil = [];
    private readonly TimeSpan _each = TimeSpan.FromSeconds(1 / perSecond);
    private readonly TimeSpan _burst = TimeSpan.FromSeconds(Math.Max(1, perSecond) / perSecond);
    private int _sweptAt = Few;

    /// <summary>It asks for one leaf more.</summary>
    /// <returns>Monotonic time from which on the leaf is within its share.</returns>
    public TimeSpan Ask(string spiffeId, TimeSpan up)
    {
        TimeSpan used = _usedUntil.GetValueOrDefault(spiffeId);
        used = (used > up ? used : up) + _each;
        _usedUntil[spiffeId] = used;
        if (_usedUntil.Count >= _sweptAt)
        {
            // Twice what stays, so that a sweep costs each entry no more than once.
            foreach (string over in _usedUntil.Where(identity => identity.Value <= up).Select(identity => identity.Key).ToList())
            {
                _usedUntil.Remove(over);
            }

            _sweptAt = Math.Max(Few, _usedUntil.Count * 2);
        }

        return used - _burst;
    }
}
