using System.Collections.Immutable;
using SdsServer.Core.Rotation;

namespace SdsServer.Core.Fleet;

/// <summary>The server's own serving certificate, for people to look at.</summary>
/// <param name="AuthorityId">Who signs it.</param>
/// <param name="RootId">The root it is under.</param>
/// <param name="NextRootId">The root it moves to: that of the signer, or of a rotation's target; null: to none.</param>
/// <param name="Waits">The signer is under the next root, and the certificate cannot follow yet.</param>
/// <param name="Until">When it moves whoever is missing, or in a young term where nobody is; null while it does not wait.</param>
/// <param name="Missing">Proxies that are not known to accept the next root, at most <see cref="Refusal.MaxBlockers"/>.</param>
/// <param name="MissingCount">How many there are in all.</param>
public sealed record ServingView(
    string AuthorityId, string RootId, string? NextRootId, bool Waits, DateTimeOffset? Until, ImmutableArray<Blocker> Missing, int MissingCount);
