using SdsServer.Core.Rotation;

namespace SdsServer.Core.Fleet.Commands;

/// <summary>What became of a command.</summary>
/// <param name="Status">How it ended.</param>
/// <param name="Message">What happened, and on anything but success what to do.</param>
/// <param name="State">The trust state after it.</param>
/// <param name="Refusal">For <see cref="CommandStatus.Refused"/>.</param>
public sealed record CommandOutcome(CommandStatus Status, string Message, TrustState State, Refusal? Refusal = null)
{
    /// <summary>The log has a line of it, written together with the change. False where there was nothing to change, or no change of the state.</summary>
    public bool Logged { get; init; }
}
