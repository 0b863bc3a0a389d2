using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using SdsServer.Testing.Leaks;

namespace SdsServer.Testing;

/// <summary>Keeps every line logged, at every level.</summary>
public sealed class CapturedLog : ILoggerProvider, ILogger
{
    public ConcurrentQueue<LoggedLine> Lines { get; } = [];

    public ILogger CreateLogger(string categoryName) => this;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        string text = $"{formatter(state, exception)} {exception}";
        Lines.Enqueue(new LoggedLine(logLevel, eventId.Id, text));
        RunOutput.Write("log", text);
    }

    public void Dispose()
    {
    }
}
