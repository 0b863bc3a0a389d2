using System.Collections.Immutable;
using SdsServer.Core.Fleet;

namespace SdsServer.Xds;

/// <summary>What one event on a stream leads to.</summary>
/// <param name="Events">For the owner of the trust domain, in order; they go out before the response.</param>
/// <param name="Response">To be sent, or null.</param>
/// <param name="Notes">For the log.</param>
internal readonly record struct SessionStep(
    ImmutableArray<FleetEvent> Events, SecretResponse? Response, ImmutableArray<SessionNote> Notes);
