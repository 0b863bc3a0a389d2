using SdsServer.Core.Fleet;

namespace SdsServer.Admin;

/// <summary>One reading for all who ask before it is made: however many watch, the engine is asked once at a time.</summary>
internal sealed class SharedReading<T>(TrustDomainAccess access, Func<TrustDomainEngine, T> read)
{
    private readonly Lock _lock = new();
    private Task<T>? _coming;

    /// <summary>A reading made after this call.</summary>
    public Task<T> ReadAsync(CancellationToken cancellation)
    {
        lock (_lock)
        {
            _coming ??= access.ReadAsync(Read, CancellationToken.None);
            return _coming.WaitAsync(cancellation);
        }
    }

    private T Read(TrustDomainEngine engine)
    {
        lock (_lock)
        {
            _coming = null;
        }

        return read(engine);
    }
}
