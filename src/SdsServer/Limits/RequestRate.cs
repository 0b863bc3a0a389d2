namespace SdsServer.Limits;

/// <summary>How fast requests may come, such as on a stream: so many in a second, and so many at once after a pause. Not for concurrent use.</summary>
internal sealed class RequestRate(int perSecond, int burst, TimeProvider time)
{
    private double _left = burst;
    private long _at = time.GetTimestamp();

    /// <summary>Nothing was taken for so long that it is as new.</summary>
    public bool IsFull => Left(time.GetTimestamp()) >= burst;

    /// <summary>False when this one came too early.</summary>
    public bool TryTake()
    {
        long now = time.GetTimestamp();
        (_left, _at) = (Left(now), now);
        if (_left < 1)
        {
            return false;
        }

        _left--;
        return true;
    }

    /// <summary>One that was taken does not count.</summary>
    public void GiveBack() => _left++;

    private double Left(long now) => Math.Min(burst, _left + (time.GetElapsedTime(_at, now).TotalSeconds * perSecond));
}
