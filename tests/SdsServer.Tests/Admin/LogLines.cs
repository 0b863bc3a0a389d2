using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using SdsServer.Testing.Leaks;

namespace SdsServer.Tests.Admin;

/// <summary>Keeps every line logged, with its exception.</summary>
internal sealed class LogLines : ILoggerProvider, ILogger
{
    public ConcurrentQueue<(EventId Event, string Text)> All { get; } = [];

    public ILogger CreateLogger(string categoryName) => this;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        string text = $"{formatter(state, exception)} {exception}";
        All.Enqueue((eventId, text));
        RunOutput.Write("log", text);
    }

    public void Dispose()
    {
    }
}
