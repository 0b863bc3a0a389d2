namespace SdsServer.Xds;

/// <summary>Something worth a log line that is nobody's business but the operator's.</summary>
/// <param name="Kind">What happened.</param>
/// <param name="Subject">The name or nonce it is about; written by the client.</param>
internal readonly record struct SessionNote(SessionNoteKind Kind, string Subject);
