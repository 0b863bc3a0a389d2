namespace SdsServer.Cli;

/// <summary>What sdsctl sees of the process it runs in; tests give their own.</summary>
internal sealed record CliHost
{
    public required TextWriter Out { get; init; }

    public required TextWriter Error { get; init; }

    public required TextReader In { get; init; }

    /// <summary>Somebody can answer a question.</summary>
    public bool InputIsTerminal { get; init; }

    public bool OutputIsTerminal { get; init; }

    /// <summary>Columns of the terminal.</summary>
    public int Width { get; init; } = 120;

    /// <summary>Environment variables by name; null where unset.</summary>
    public Func<string, string?> Environment { get; init; } = static _ => null;

    public string Directory { get; init; } = ".";

    public TimeProvider Time { get; init; } = TimeProvider.System;

    public static CliHost OfThisProcess() => new()
    {
        Out = Console.Out,
        Error = Console.Error,
        In = Console.In,
        InputIsTerminal = !Console.IsInputRedirected,
        OutputIsTerminal = !Console.IsOutputRedirected,
        Width = Console.IsOutputRedirected || Console.WindowWidth <= 0 ? 120 : Console.WindowWidth,
        Environment = System.Environment.GetEnvironmentVariable,
        Directory = System.Environment.CurrentDirectory,
    };
}
