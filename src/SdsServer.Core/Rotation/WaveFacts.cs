namespace SdsServer.Core.Rotation;

/// <summary>The connected proxies that take leaves, by what the waves have done to them; and of the others those that the waves may have cost their connection.</summary>
/// <param name="Unreached">In no wave begun.</param>
/// <param name="Pending">In a wave begun, and not shown to use leaves of the new authority alone.</param>
/// <param name="Silent">Those that left their new leaf unanswered for the ACK time-out, or whose admins have not shown it; pending but for those given up, and those that have left.</param>
/// <param name="Moved">In a wave begun, and shown to; or no longer waited for, as their admins never show it.</param>
/// <param name="Joining">Of the pending ones, newcomers that have not accepted their first leaf, or are not shown to use it.</param>
public readonly record struct WaveFacts(int Unreached, int Pending, int Silent, int Moved, int Joining = 0)
{
    /// <summary>The same without newcomers: they are waited for, but in a fleet where somebody always joins they must not begin a soak anew.</summary>
    public WaveFacts WithoutJoining() => this with { Pending = Pending - Joining, Joining = 0 };

    /// <summary>In a wave begun.</summary>
    public int Reached => Pending + Moved;
}
