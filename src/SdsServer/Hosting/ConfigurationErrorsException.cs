namespace SdsServer.Hosting;

/// <summary>Everything that is wrong with the configuration, all at once.</summary>
public sealed class ConfigurationErrorsException(IReadOnlyList<string> errors) : Exception(string.Join(Environment.NewLine, errors))
{
    public IReadOnlyList<string> Errors { get; } = errors;
}
