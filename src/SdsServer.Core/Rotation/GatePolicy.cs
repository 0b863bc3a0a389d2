namespace SdsServer.Core.Rotation;

/// <summary>What opens one gate.</summary>
/// <param name="Kind">What.</param>
/// <param name="After">Only for <see cref="GateKind.Time"/>: how long after the last step.</param>
public sealed record GatePolicy(GateKind Kind, TimeSpan After = default)
{
    /// <summary>The evidence and the soak.</summary>
    public static readonly GatePolicy Ack = new(GateKind.Ack);

    /// <summary>The evidence, the soak and an operator.</summary>
    public static readonly GatePolicy Approval = new(GateKind.Approval);

    /// <summary>Somebody says yes to each step.</summary>
    public bool IsAsked => Kind is GateKind.Approval or GateKind.Webhook;
}
