namespace SdsServer.Core.Rotation;

/// <summary>A connected proxy that takes leaves, as the waves see it.</summary>
/// <param name="Place">Its <see cref="WaveAssignment.PlaceOf"/>.</param>
/// <param name="Traits">What selectors look at.</param>
public readonly record struct WaveCandidate(ulong Place, ProxyTraits Traits);
