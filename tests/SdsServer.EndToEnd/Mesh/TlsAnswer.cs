namespace SdsServer.EndToEnd.Mesh;

/// <summary>How a listener met a <see cref="TlsCaller"/>.</summary>
/// <param name="Served">The request was answered.</param>
/// <param name="Resumed">By a session from before.</param>
/// <param name="Kept">A session to come back with was given and kept.</param>
/// <param name="Text">What openssl said.</param>
internal sealed record TlsAnswer(bool Served, bool Resumed, bool Kept, string Text);
