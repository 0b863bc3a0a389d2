namespace SdsServer.Grpc.Server;

/// <summary>
/// Bytes of messages that are not whole yet, at most so many. HTTP/2's windows do not bound them: a message may be larger than its window, so what
/// is here of it is acknowledged. As a feature of a connection it is for the calls on it. Safe for concurrent use.
/// </summary>
/// <param name="limit">In bytes.</param>
/// <param name="within">What is taken here is taken there too.</param>
public sealed class ReceiveBudget(long limit, ReceiveBudget? within = null)
{
    private long _taken;

    public long Taken => Interlocked.Read(ref _taken);

    /// <summary>False, and nothing is taken, when it would be more than there is, here or in what it is within.</summary>
    public bool TryTake(long bytes)
    {
        if (Interlocked.Add(ref _taken, bytes) <= limit && within?.TryTake(bytes) is null or true)
        {
            return true;
        }

        Interlocked.Add(ref _taken, -bytes);
        return false;
    }

    public void GiveBack(long bytes)
    {
        Interlocked.Add(ref _taken, -bytes);
        within?.GiveBack(bytes);
    }
}
