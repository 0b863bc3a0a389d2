using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using SdsServer.Testing.Leaks;

namespace SdsServer.Grpc.Tests;

/// <summary>Keeps every line logged, with its exception.</summary>
internal sealed class LogCapture : ILoggerProvider, ILogger
{
    public ConcurrentQueue<(LogLevel Level, EventId Event, string Text)> Lines { get; } = [];

    public ILogger CreateLogger(string categoryName) => this;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        string text = $"{formatter(state, exception)} {exception}";
        Lines.Enqueue((logLevel, eventId, text));
        RunOutput.Write("log", text);
    }

    public void Dispose()
    {
    }
}
