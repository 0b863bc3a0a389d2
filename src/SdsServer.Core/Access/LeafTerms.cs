using SdsServer.Core.Pki;

namespace SdsServer.Core.Access;

/// <summary>What a registration says of its workload's leaves; null leaves it to the server's settings.</summary>
/// <param name="Lifetime">How long they live.</param>
/// <param name="Minimum">Not shorter, when the server's setting changes. A rotation that squeezes lifetimes, and the policy, have precedence.</param>
/// <param name="Maximum">Not longer.</param>
/// <param name="Keys">Their keys.</param>
public sealed record LeafTerms(TimeSpan? Lifetime = null, TimeSpan? Minimum = null, TimeSpan? Maximum = null, KeyAlgorithm? Keys = null)
{
    /// <summary>Everything as the server has it.</summary>
    public static LeafTerms Server { get; } = new();

    /// <summary>How long the next leaf lives. Never longer than the policy's own lifetime: rotations are timed by that.</summary>
    /// <param name="policy">The server's bounds.</param>
    /// <param name="longest">A rotation's bound; null for none.</param>
    public TimeSpan LifetimeIn(LeafPolicy policy, TimeSpan? longest)
    {
        TimeSpan wanted = Lifetime ?? policy.Lifetime;
        wanted = wanted < Minimum ? Minimum.Value : wanted;
        foreach (TimeSpan? most in (TimeSpan?[])[Maximum, policy.Lifetime, longest])
        {
            wanted = wanted > most ? most.Value : wanted;
        }

        return wanted < policy.Minimum ? policy.Minimum : wanted;
    }
}
