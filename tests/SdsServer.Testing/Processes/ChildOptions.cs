namespace SdsServer.Testing.Processes;

/// <summary>How a child process is started, where it differs from this one.</summary>
public sealed record ChildOptions
{
    /// <summary>Its working folder; null for the folder of temporary files.</summary>
    public string? Directory { get; init; }

    /// <summary>Variables added to, changed in (or, when null, taken out of) the inherited environment.</summary>
    public IReadOnlyDictionary<string, string?> Environment { get; init; } = new Dictionary<string, string?>();

    /// <summary>User and group id to run as; needs root and <c>setpriv</c>.</summary>
    public int? Uid { get; init; }
}
