namespace SdsServer.Cli.Output;

/// <summary>What a piece of text means for the reader; colours follow from it.</summary>
internal enum Tone
{
    None,
    Good,
    Caution,
    Bad,
    Quiet,
    Heading,
}
