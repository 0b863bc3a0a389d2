using System.Globalization;
using System.Text.RegularExpressions;

namespace SdsServer.Core.Secrets;

/// <summary>
/// Reads what a client reports to hold. On a stream with several names one version covers the whole answer and joins the parts
/// by <c>+</c> (<c>b4-0f3c…+l9a…</c>), so that it names the leaf in any case.
/// </summary>
public static partial class SecretVersion
{
    /// <summary>The version of an answer that leaves the client holding these secrets.</summary>
    public static string Join(IEnumerable<string> versions) => string.Join('+', versions.Distinct().Order(StringComparer.Ordinal));

    /// <summary>Whether a reported version names exactly this content, among others perhaps.</summary>
    public static bool Names(string? reported, string version) => reported?.Split('+').Contains(version, StringComparer.Ordinal) ?? false;

    /// <summary>The serial of the leaf that a reported version names, or null.</summary>
    public static string? LeafSerial(string? version)
    {
        if (string.IsNullOrEmpty(version))
        {
            return null;
        }

        Match match = Leaf().Match(version);
        return match.Success ? match.Groups[1].Value : null;
    }

    /// <summary>The newest epoch of the bundles that a reported version names, or null.</summary>
    public static long? BundleEpoch(string? version)
    {
        if (string.IsNullOrEmpty(version))
        {
            return null;
        }

        return Bundle().Matches(version).Max(match => (long?)long.Parse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture));
    }

    [GeneratedRegex(@"(?:^|\+)b([0-9]{1,18})-", RegexOptions.CultureInvariant)]
    private static partial Regex Bundle();

    [GeneratedRegex(@"(?:^|\+)l([0-9a-f]{16,40})(?:\+|$)", RegexOptions.CultureInvariant)]
    private static partial Regex Leaf();
}
