namespace SdsServer.Limits;

/// <summary>How fast requests may come on a stream: so many in a second, and so many at once after a pause.</summary>
internal sealed class RequestRate(int perSecond, int burst, TimeProvider time)
{
    private double _left = burst;
    private long _at = time.GetTimestamp();

    /// <summary>False when this one came too early.</summary>
    public bool TryTake()
    {
        long now = time.GetTimestamp();
        _left = Math.Min(burst, _left + (time.GetElapsedTime(_at, now).TotalSeconds * perSecond));
        _at = now;
        if (_left < 1)
        {
            return false;
        }

        _left--;
        return true;
    }
}
