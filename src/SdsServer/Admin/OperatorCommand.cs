using SdsServer.Admin.Log;
using SdsServer.Core.Rotation;

namespace SdsServer.Admin;

/// <summary>A call that may change something, as the logs tell of it. Nothing in it is secret, whatever the caller wrote.</summary>
internal sealed class OperatorCommand(DecisionKind kind, string resource, string reason, bool dryRun = false)
{
    private const int MaxResource = 300;
    private const int MaxReason = 500;

    /// <summary>Who calls; empty until that is known.</summary>
    public string Actor { get; set; } = "";

    public DecisionKind Kind { get; } = kind;

    /// <summary>Name of the resource it is about, as the request has it; more may follow after a space.</summary>
    public string Resource { get; } = LogText.Of(resource, MaxResource);

    /// <summary>Why, in the caller's words.</summary>
    public string Reason { get; } = LogText.Of(reason, MaxReason);

    /// <summary>It asks what would happen and changes nothing: the audit log has no line of it.</summary>
    public bool DryRun { get; } = dryRun;

    /// <summary>The log has its line, written together with what it changed.</summary>
    public bool Logged { get; set; }

    /// <summary>What the log is told of a call that ended well and was not <see cref="Logged"/>.</summary>
    public DecisionOutcome Outcome { get; set; } = DecisionOutcome.Unchanged;

    /// <summary>The name of something that shall be made, as the logs call it before it exists.</summary>
    public static string Child(string parent, string collection, string id) => id.Length > 0 ? $"{parent}/{collection}/{id}" : parent;
}
