using SdsServer.Core.Fleet;

namespace SdsServer.Hosting;

/// <summary>Both clocks at once, from one provider.</summary>
internal sealed class MonotonicClock(TimeProvider time)
{
    private readonly long _start = time.GetTimestamp();

    public TimeProvider Time => time;

    public Moment Now => new(time.GetUtcNow(), time.GetElapsedTime(_start));
}
