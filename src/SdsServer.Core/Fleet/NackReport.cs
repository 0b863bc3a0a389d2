namespace SdsServer.Core.Fleet;

/// <summary>The last refusal of an instance.</summary>
/// <param name="Secret">The name that was answered.</param>
/// <param name="Error">Envoy's words, every secret cut out; the cause may be another secret of the same TLS context.</param>
public sealed record NackReport(string Secret, string Error, DateTimeOffset At);
