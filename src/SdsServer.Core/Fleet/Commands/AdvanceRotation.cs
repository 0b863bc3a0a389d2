using System.Collections.Immutable;
using SdsServer.Core.Rotation;

namespace SdsServer.Core.Fleet.Commands;

/// <summary>Take the next move, if its gate is open or everything that keeps it shut is overridden by name.</summary>
public sealed record AdvanceRotation : EngineCommand
{
    /// <summary>The gate the operator has looked at: another one is not opened by this order.</summary>
    public Gate? Gate { get; init; }

    /// <summary>
    /// What to pass over, each by its name: <see cref="Blocker.LeafSerial"/> where the blocker has one, else its instance id, else
    /// <see cref="Blocker.SoakName"/> or <see cref="Blocker.WebhookName"/>. Who orders it answers for what breaks; both stand in the log.
    /// </summary>
    public ImmutableHashSet<string> Override { get; init; } = [];

    /// <summary>Check everything, change nothing.</summary>
    public bool ValidateOnly { get; init; }
}
