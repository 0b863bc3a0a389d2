namespace SdsServer.Core.Rotation;

/// <summary>A newer leader has begun its term: this process must write nothing more.</summary>
public sealed class StaleTermException(long held, long current)
    : Exception($"leader term {held} is over, term {current} has begun: this process has to begin a term of its own before it writes")
{
    public long Held { get; } = held;

    public long Current { get; } = current;
}
