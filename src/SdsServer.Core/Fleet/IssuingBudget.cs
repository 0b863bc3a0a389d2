namespace SdsServer.Core.Fleet;

/// <summary>How many leaves may be begun: so many in a second, whatever asks for them, and never more than one second's worth at once.</summary>
internal sealed class IssuingBudget(int perSecond, TimeSpan start)
{
    private TimeSpan _filledAt = start;
    private double _left = perSecond;
    private double _rate = perSecond;

    public bool Left => _left >= 1;

    /// <summary>Monotonic time at which there is one again.</summary>
    public TimeSpan NextAt => _filledAt + TimeSpan.FromSeconds(Math.Max(0, 1 - _left) / _rate) + TimeSpan.FromMilliseconds(1);

    /// <param name="factor">How much faster than usual.</param>
    public void Refill(TimeSpan up, int factor)
    {
        _rate = (double)perSecond * factor;
        _left = Math.Min(_rate, _left + ((up - _filledAt).TotalSeconds * _rate));
        _filledAt = up;
    }

    public void Take() => _left--;
}
