namespace SdsServer.Core.Rotation;

/// <summary>How what the log tells of ended.</summary>
public enum DecisionOutcome
{
    Done,

    /// <summary>There was nothing to do any more: a command sent again.</summary>
    Unchanged,

    /// <summary>A guard said no.</summary>
    Refused,

    /// <summary>The caller may not do it.</summary>
    Denied,

    /// <summary>It broke on the way; <see cref="Decision.Error"/> says what is known of its effect.</summary>
    Failed,
}
