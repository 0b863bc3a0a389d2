using System.Collections.Frozen;
using System.Globalization;
using System.Text.RegularExpressions;

namespace SdsServer.Cli.Output;

/// <summary>What the server says in the words of its API, in those of the command line: an operator types options, no fields.</summary>
internal static partial class ApiWords
{
    private static readonly FrozenDictionary<string, string> s_options = new Dictionary<string, string>
    {
        ["policy.waves"] = "--wave",
        ["policy.trust_gate"] = "--gate trust",
        ["policy.wave_gate"] = "--gate wave",
        ["policy.drop_gate"] = "--gate drop",
        ["policy.trust_soak"] = "--trust-soak",
        ["policy.canary_soak"] = "--canary-soak",
        ["policy.wave_soak"] = "--wave-soak",
        ["policy.drop_soak"] = "--drop-soak",
        ["policy.max_connection_age"] = "--max-connection-age",
        ["policy.gate_deadline"] = "--gate-deadline",
        ["policy.max_in_flight"] = "--max-in-flight",
        ["policy.max_silent_percent"] = "--max-silent",
        ["policy.evidence"] = "--evidence",
        ["policy.automatic_rollback"] = "--automatic-rollback",
        ["policy.leaf_lifetime"] = "--leaf-lifetime",
        ["policy.sign_not_before"] = "--sign-not-before",
        ["policy.sign_deadline"] = "--sign-deadline",
        ["policy.drop_deadline"] = "--drop-deadline",
        ["policy.force_at_deadlines"] = "--force-at-deadlines",
        ["compromised_authority"] = "--compromised",
        ["to_authority"] = "--to",
        ["new_authority"] = "--new",
        ["new_authority.display_name"] = "--display-name",
        ["new_authority.key_algorithm"] = "--key-algorithm",
        ["new_authority.lifetime"] = "--lifetime",
        ["built_in_root.display_name"] = "--display-name",
        ["built_in_root.key_algorithm"] = "--key-algorithm",
        ["built_in_root.lifetime"] = "--lifetime",
        ["request_id"] = "--request-id",
        ["expected_revision"] = "--revision",
        ["reason"] = "--reason",
        ["authority_id"] = "ID",
        ["override.blockers"] = "--override",
    }.ToFrozenDictionary();

    private static readonly (string Api, string Cli)[] s_phrases =
    [
        ("or start it as kind EMERGENCY with compromised_authority", "or start it with --emergency --compromised"),
        ("as compromised_authority", "with --compromised"),
        ("waits for AdvanceRotation", "waits for 'sdsctl rotation advance'"),
        ("wait for AdvanceRotation", "wait for 'sdsctl rotation advance'"),
        ("ListAuthorities shows", "'sdsctl root list' shows"),
        ("read it with GetTrustDomain", "read it with 'sdsctl status'"),
        ("kind EMERGENCY", "--emergency"),
        ("kind TIME", "time:DURATION"),
        ("WEBHOOK", "webhook"),
        (" ([days.]hours:minutes:seconds)", ""),
    ];

    /// <summary>The option that sets a field such as <c>policy.waves[2].percent</c>; null where none is known.</summary>
    public static string? Option(string field)
    {
        for (string path = Index().Replace(field, ""); ; path = path[..path.LastIndexOf('.')])
        {
            if (s_options.TryGetValue(path, out string? option) || s_options.TryGetValue($"policy.{path}", out option))
            {
                return option;
            }

            if (!path.Contains('.', StringComparison.Ordinal))
            {
                return null;
            }
        }
    }

    /// <summary>The position in a repeated field, from 0; null without one.</summary>
    public static int? Position(string field) =>
        Index().Match(field) is { Success: true } match ? int.Parse(match.ValueSpan[1..^1], CultureInfo.InvariantCulture) : null;

    /// <summary>A sentence of the server.</summary>
    public static string Told(string text)
    {
        foreach ((string api, string cli) in s_phrases)
        {
            text = text.Replace(api, cli, StringComparison.Ordinal);
        }

        // Only what cannot be an English word.
        text = Field().Replace(text, field => Option(field.Value) ?? field.Value);
        return Span().Replace(text, span => Written(TimeSpan.Parse(span.Value, CultureInfo.InvariantCulture)));
    }

    // In full: a bound that is rounded would be refused when it is typed.
    private static string Written(TimeSpan span)
    {
        string text = string.Concat(
            new[] { (span.Days, "d"), (span.Hours, "h"), (span.Minutes, "m"), (span.Seconds, "s"), (span.Milliseconds, "ms") }
                .Where(part => part.Item1 > 0).Select(part => $"{part.Item1}{part.Item2}"));
        return text.Length > 0 ? text : "0s";
    }

    [GeneratedRegex(@"\[\d+\]")]
    private static partial Regex Index();

    [GeneratedRegex(@"\b(policy\.)?[a-z]+(_[a-z]+)+(\.[a-z_]+)?\b")]
    private static partial Regex Field();

    [GeneratedRegex(@"(?<![\d:-])(?<!\d[T ])(\d+\.)?\d\d:\d\d:\d\d(\.\d+)?(?![\d:Z])")]
    private static partial Regex Span();
}
