using SdsServer.Core.Rotation;

namespace SdsServer.Core.Fleet;

/// <summary>One wave, by the fleet as it is connected now, for people to look at.</summary>
/// <param name="Index">From 1.</param>
/// <param name="Extent">What it was told to reach; null for whoever is left.</param>
/// <param name="Begun">It has begun.</param>
/// <param name="Proxies">In it and in none before.</param>
/// <param name="Moved">Of these, shown to use leaves of the new authority alone.</param>
/// <param name="Refusing">Of these, with a refusal that is not healed.</param>
/// <param name="Silent">Of these, that left their new leaf unanswered for the ACK time-out.</param>
public sealed record WaveView(int Index, Wave? Extent, bool Begun, int Proxies, int Moved, int Refusing, int Silent);
