using Microsoft.Extensions.Logging;

namespace SdsServer.Testing;

/// <param name="Level">How grave.</param>
/// <param name="Id">Number of its event.</param>
/// <param name="Text">The line, with its exception.</param>
public sealed record LoggedLine(LogLevel Level, int Id, string Text);
