namespace SdsServer.Limits;

/// <summary>A connection whose caller is not known; a feature of the connection, so that whoever comes to know it can say so.</summary>
internal sealed class UnidentifiedConnection(Action done)
{
    private int _isDone;

    /// <summary>The caller is known, or the connection has ended. True the first time.</summary>
    public bool Done()
    {
        bool first = Interlocked.Exchange(ref _isDone, 1) == 0;
        if (first)
        {
            done();
        }

        return first;
    }
}
