namespace SdsServer.Core.Rotation;

/// <summary>The stored state is not the one the change was made from.</summary>
public sealed class StaleRevisionException(long expected, long found)
    : Exception($"the stored revision is {found}, not {expected}: somebody else has changed the trust state; load it again")
{
    public long Expected { get; } = expected;

    public long Found { get; } = found;
}
