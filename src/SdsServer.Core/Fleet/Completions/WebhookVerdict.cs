namespace SdsServer.Core.Fleet.Completions;

/// <summary>What a webhook says of a step.</summary>
public enum WebhookVerdict
{
    /// <summary>Not yet, or no answer at all: it is asked again.</summary>
    Wait,

    /// <summary>Yes.</summary>
    Allow,

    /// <summary>No: the plan is held, or turned back where its policy says so.</summary>
    Deny,
}
