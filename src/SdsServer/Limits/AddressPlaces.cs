namespace SdsServer.Limits;

/// <summary>What one address has of connections whose callers are not known.</summary>
/// <param name="served">So many of them Kestrel serves at a time.</param>
internal sealed class AddressPlaces(int served)
{
    /// <summary>All of them, also those that wait for their turn.</summary>
    public int Connections { get; set; }

    /// <summary>The places in Kestrel that are free; who waits for one gets it in the order of asking.</summary>
    public SemaphoreSlim Served { get; } = new(served);
}
