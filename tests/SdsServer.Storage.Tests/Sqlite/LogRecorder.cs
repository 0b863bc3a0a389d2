using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using SdsServer.Testing.Leaks;

namespace SdsServer.Storage.Tests.Sqlite;

/// <summary>Keeps every log line, exceptions included, at every level.</summary>
internal sealed class LogRecorder : ILogger
{
    public ConcurrentQueue<(EventId Id, string Text)> Lines { get; } = [];

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        string text = $"{formatter(state, exception)} {exception}";
        Lines.Enqueue((eventId, text));
        RunOutput.Write("log", text);
    }
}
