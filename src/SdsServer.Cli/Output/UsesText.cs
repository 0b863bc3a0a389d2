using SdsServer.Protos.Admin.V1;

namespace SdsServer.Cli.Output;

/// <summary>How often a join token may be used, in words.</summary>
internal static class UsesText
{
    /// <summary>All of its uses.</summary>
    public static string Of(JoinUses join) => join.Uses switch
    {
        0 => "any number of uses",
        1 => "one use",
        _ => $"{join.Uses} uses",
    };

    /// <summary>What is left; empty for a token that is none for joining.</summary>
    public static string Left(JoinUses? join) => join switch
    {
        null => "",
        { Uses: 0 } => $"any (used {join.Used})",
        _ => $"{Math.Max(0, join.Uses - join.Used)} of {join.Uses}",
    };
}
