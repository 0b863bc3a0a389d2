namespace SdsServer.Core.Fleet.Commands;

/// <summary>How a command ended. Anything but <see cref="Done"/> changed nothing.</summary>
public enum CommandStatus
{
    Done,

    /// <summary>A gate is shut, or the state does not allow it now.</summary>
    Refused,

    /// <summary>The state has moved on since the caller looked.</summary>
    Aborted,

    /// <summary>The command itself makes no sense.</summary>
    Invalid,

    NotFound,
}
