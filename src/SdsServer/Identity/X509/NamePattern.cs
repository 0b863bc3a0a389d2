using System.Buffers;
using System.Collections.Immutable;
using System.Text.RegularExpressions;

namespace SdsServer.Identity.X509;

/// <summary>
/// What a name in a certificate must look like, with places that take a value each: <c>{service}.{namespace}.svc.cluster.local</c>. A value is one
/// segment or a part of it: it holds no separator, and only letters that a segment of a SPIFFE ID may have.
/// </summary>
internal sealed partial class NamePattern
{
    private static readonly SearchValues<char> s_letters = SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_");

    private readonly ImmutableArray<Segment> _segments;
    private readonly char? _separator;

    private NamePattern(ImmutableArray<Segment> segments, char? separator) => (_segments, _separator) = (segments, separator);

    /// <summary>Names of the places; each stands once.</summary>
    public IEnumerable<string> Places => _segments.Where(segment => segment.Place.Length > 0).Select(segment => segment.Place);

    /// <param name="separator">What separates segments: a slash in URIs, a dot in DNS names; null for a name that is one segment.</param>
    /// <exception cref="FormatException">Says what is wrong.</exception>
    public static NamePattern Parse(string text, char? separator)
    {
        ImmutableArray<Segment> segments = [.. Split(text, separator).Select(ParseSegment)];
        NamePattern pattern = new(segments, separator);
        return pattern.Places.GroupBy(place => place, StringComparer.Ordinal).FirstOrDefault(same => same.Count() > 1) is { } twice
            ? throw new FormatException($"{{{twice.Key}}} stands there twice; a place takes one value")
            : pattern;
    }

    /// <summary>The values of the places; null when the name does not fit.</summary>
    public IReadOnlyDictionary<string, string>? Match(string name)
    {
        string[] parts = Split(name, _separator);
        if (parts.Length != _segments.Length)
        {
            return null;
        }

        Dictionary<string, string> values = new(StringComparer.Ordinal);
        foreach ((Segment segment, string part) in _segments.Zip(parts))
        {
            if (segment.Place.Length == 0)
            {
                if (part != segment.Before)
                {
                    return null;
                }

                continue;
            }

            if (part.Length <= segment.Before.Length + segment.After.Length
                || !part.StartsWith(segment.Before, StringComparison.Ordinal) || !part.EndsWith(segment.After, StringComparison.Ordinal))
            {
                return null;
            }

            string value = part[segment.Before.Length..^segment.After.Length];
            if (value is "." or ".." || value.AsSpan().ContainsAnyExcept(s_letters))
            {
                return null;
            }

            values.Add(segment.Place, value);
        }

        return values;
    }

    private static string[] Split(string text, char? separator) => separator is { } at ? text.Split(at) : [text];

    private static Segment ParseSegment(string text)
    {
        Match place = Place().Match(text);
        if (!place.Success)
        {
            return text.AsSpan().ContainsAny('{', '}')
                ? throw new FormatException($"'{text}': between two separators there may be one place such as {{service}}: letters, digits and _ in braces")
                : new Segment(text, "", "");
        }

        return new Segment(place.Groups["before"].Value, place.Groups["place"].Value, place.Groups["after"].Value);
    }

    [GeneratedRegex(@"\A(?<before>[^{}]*)\{(?<place>[A-Za-z0-9_]+)\}(?<after>[^{}]*)\z")]
    private static partial Regex Place();

    /// <param name="Before">Fixed text; all of it where there is no place.</param>
    /// <param name="Place">Empty for none.</param>
    /// <param name="After">Fixed text behind the place.</param>
    private sealed record Segment(string Before, string Place, string After);
}
