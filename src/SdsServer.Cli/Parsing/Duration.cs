using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Text.RegularExpressions;

namespace SdsServer.Cli.Parsing;

/// <summary>Durations as people write them: <c>10m</c>, <c>1h30m</c>, <c>24h</c>, <c>90d</c>. Larger units first, each at most once; at most 100 years.</summary>
internal static partial class Duration
{
    public const string Form = "a duration such as 30s, 10m, 1h30m, 24h or 90d";

    private const string Most = "100y";
    private const decimal MostSeconds = 100m * 365 * 86_400;

    public static bool TryParse(string text, out TimeSpan duration)
    {
        duration = TimeSpan.Zero;
        Match match = Pattern().Match(text);
        if (text.Length == 0 || !match.Success)
        {
            return false;
        }

        decimal seconds = (Part(match, "y") * 365 + Part(match, "d")) * 86_400 + Part(match, "h") * 3600 + Part(match, "m") * 60
            + Part(match, "s") + Part(match, "ms") / 1000;
        if (seconds > MostSeconds)
        {
            return false;
        }

        duration = TimeSpan.FromTicks((long)(seconds * TimeSpan.TicksPerSecond));
        return true;
    }

    public static Option<TimeSpan> Option(string name, string description, TimeSpan defaultValue) => new(name)
    {
        HelpName = "DURATION",
        Description = description,
        CustomParser = Parse,
        DefaultValueFactory = _ => defaultValue,
    };

    public static Option<TimeSpan?> Option(string name, string description) => new(name)
    {
        HelpName = "DURATION",
        Description = description,
        CustomParser = result => Parse(result),
    };

    private static TimeSpan Parse(ArgumentResult result)
    {
        string text = result.Tokens.Single().Value;
        if (!TryParse(text, out TimeSpan duration))
        {
            result.AddError(text.Length > 0 && Pattern().IsMatch(text) ? $"'{text}' is more than {Most}, the longest there is" : $"'{text}' is not {Form}");
        }

        return duration;
    }

    private static decimal Part(Match match, string unit) =>
        match.Groups[unit] is { Success: true } group ? decimal.Parse(group.ValueSpan, CultureInfo.InvariantCulture) : 0;

    [GeneratedRegex(@"\A(?:(?<y>\d{1,5})y)?(?:(?<d>\d{1,7})d)?(?:(?<h>\d{1,9})h)?(?:(?<m>\d{1,9})m)?(?:(?<s>\d{1,9})s)?(?:(?<ms>\d{1,9})ms)?\z")]
    private static partial Regex Pattern();
}
