namespace SdsServer.Hosting;

/// <summary>The command line. Everything can be set as <c>--SdsServer:Section:Key=VALUE</c>; what is set most has a short spelling.</summary>
internal static class Arguments
{
    public const string CheckConfiguration = "--check-config";

    private const string Rekey = "--rekey";
    private const string RekeyTo = "--rekey=";
    private const string Dev = "--dev";
    private const string Data = "--data=";
    private static readonly string[] s_sections = ["--SdsServer:", "--Logging:"];

    /// <summary>What the configuration is to see.</summary>
    public static string[] Expand(string[] args) => [.. args.Where(arg => arg != CheckConfiguration && !IsRekey(arg)).Select(arg =>
        arg == Dev ? "--SdsServer:Dev=true"
        : arg.StartsWith(Data, StringComparison.Ordinal) ? "--SdsServer:DataDirectory=" + arg[Data.Length..]
        : arg)];

    /// <summary>Whether the stored keys are to be encrypted anew and nothing else, and under the key of which file: null for the store's own.</summary>
    public static (bool Asked, string? File) Rekeying(string[] args) => args.FirstOrDefault(IsRekey) is { } arg
        ? (true, arg == Rekey ? null : arg[RekeyTo.Length..])
        : (false, null);

    /// <summary>An error for each argument that would be ignored, such as <c>--data DIRECTORY</c>: the server would make another store elsewhere.</summary>
    public static List<string> Unknown(string[] args)
    {
        List<string> errors = [];
        string? waiting = null;
        foreach (string arg in args)
        {
            if (waiting is not null)
            {
                waiting = null;
            }
            else if (s_sections.Any(section => arg.StartsWith(section, StringComparison.OrdinalIgnoreCase)))
            {
                waiting = arg.Contains('=', StringComparison.Ordinal) ? null : arg;
            }
            else if (arg == RekeyTo)
            {
                errors.Add($"the argument '{RekeyTo}' names no file; write {RekeyTo}FILE, or {Rekey} for the store's own key");
            }
            else if (arg is not (CheckConfiguration or Dev) && !IsRekey(arg) && !arg.StartsWith(Data, StringComparison.Ordinal))
            {
                errors.Add($"the argument '{arg}' is unknown; there are {Dev}, {Data}DIRECTORY, {CheckConfiguration}, {Rekey}[=FILE] and --SdsServer:Section:Key=VALUE");
            }
        }

        if (waiting is not null)
        {
            errors.Add($"the argument '{waiting}' has no value; write {waiting}=VALUE");
        }

        return errors;
    }

    private static bool IsRekey(string arg) => arg == Rekey || arg.StartsWith(RekeyTo, StringComparison.Ordinal);
}
