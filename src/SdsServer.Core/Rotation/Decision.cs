namespace SdsServer.Core.Rotation;

/// <summary>One line of the append-only log of who did what to a trust domain, and on what evidence.</summary>
/// <param name="At">UTC.</param>
/// <param name="Actor">An operator's identity, or <c>engine</c>.</param>
/// <param name="Action">A short verb phrase such as <c>add trust</c>.</param>
/// <param name="Reason">Free text; never holds secrets.</param>
/// <param name="Evidence">Counts at that moment, such as <c>epoch 4, floor 3, members 20</c>.</param>
public sealed record Decision(DateTimeOffset At, string Actor, string Action, string Reason, string Evidence);
