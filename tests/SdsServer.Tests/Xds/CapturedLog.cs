using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using SdsServer.Testing.Leaks;

namespace SdsServer.Tests.Xds;

/// <summary>Keeps every line, with its event.</summary>
internal sealed class CapturedLog : ILoggerProvider, ILogger
{
    private readonly ConcurrentQueue<(int Id, string Text)> _lines = new();

    public IEnumerable<(int Id, string Text)> Lines => _lines;

    public ILogger CreateLogger(string categoryName) => this;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        string text = formatter(state, exception) + exception;
        _lines.Enqueue((eventId.Id, text));
        RunOutput.Write("log", text);
    }

    public void Dispose()
    {
    }
}
