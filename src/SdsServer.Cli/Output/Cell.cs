namespace SdsServer.Cli.Output;

/// <summary>A field of a table.</summary>
internal readonly record struct Cell(string Text, Tone Tone = Tone.None)
{
    public static implicit operator Cell(string text) => new(text);
}
