namespace SdsServer.Cli.Output;

/// <summary>How results are written.</summary>
internal enum OutputFormat
{
    /// <summary>For people: tables and screens.</summary>
    Human,

    /// <summary>For awk and logs: one record a line, tabs between fields.</summary>
    Plain,

    /// <summary>For programs: the API's messages as protobuf JSON.</summary>
    Json,
}
