namespace SdsServer.Core.Rotation;

/// <summary>What set a hold; decides who may lift it.</summary>
public enum HoldCause
{
    /// <summary>An operator; lifted by an operator.</summary>
    Operator,

    /// <summary>A member refused a secret; lifted by itself when fresh bytes were accepted, or by an operator.</summary>
    Nack,

    /// <summary>A deadline of the plan passed; lifted by an operator.</summary>
    Deadline,

    /// <summary>The wall clock cannot be trusted; lifted by an operator, which accepts the clock as it is.</summary>
    Clock,

    /// <summary>An invariant does not hold; lifted by an operator.</summary>
    Invariant,

    /// <summary>Proxies hold bundles newer than the store knows; lifted by an operator, which takes these proxies over.</summary>
    OlderStore,

    /// <summary>Too many proxies of the waves leave their new leaf unanswered; lifted by itself when they answer, or by an operator.</summary>
    Silent,

    /// <summary>The webhook said no; lifted by an operator, who asks it again.</summary>
    Webhook,
}
