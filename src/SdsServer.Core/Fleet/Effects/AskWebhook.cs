using SdsServer.Core.Rotation;

namespace SdsServer.Core.Fleet.Effects;

/// <summary>Ask the configured webhook whether a step may be taken, then report <see cref="Completions.WebhookAnswered"/>.</summary>
/// <param name="Ask">Names the question in its completion.</param>
/// <param name="RotationId">The rotation.</param>
/// <param name="Gate">The gate, whose evidence is complete.</param>
/// <param name="Wave">The wave to begin, from 1; 0 outside waves.</param>
/// <param name="Step">The step in words.</param>
/// <param name="Evidence">Counts at this moment.</param>
public sealed record AskWebhook(long Ask, string RotationId, Gate Gate, int Wave, string Step, string Evidence) : EngineEffect;
