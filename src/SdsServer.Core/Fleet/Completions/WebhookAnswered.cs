namespace SdsServer.Core.Fleet.Completions;

/// <summary>What the webhook said.</summary>
/// <param name="Ask">The question.</param>
/// <param name="Verdict">Yes, no, or not yet.</param>
/// <param name="Reason">In its words, or why there is no answer.</param>
public sealed record WebhookAnswered(long Ask, WebhookVerdict Verdict, string Reason) : EngineEvent;
