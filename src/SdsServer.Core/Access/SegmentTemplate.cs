using System.Buffers;
using System.Collections.Immutable;
using System.Text;

namespace SdsServer.Core.Access;

/// <summary>
/// A name with places to be filled: <c>spiffe://{trustDomain}/ns/{k8s:ns}/sa/{k8s:sa}</c>. Each value fills its own segment, or a part of it,
/// and never more: no value can reach into another place of the name.
/// </summary>
public sealed class SegmentTemplate
{
    private const string TrustDomainName = "trustDomain";
    private static readonly SearchValues<char> s_pathLetters = SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_");
    private static readonly SearchValues<char> s_labelLetters = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789-");

    // Fixed texts and places in turn, a fixed one at both ends.
    private readonly ImmutableArray<string> _texts;
    private readonly SearchValues<char> _letters;

    private SegmentTemplate(ImmutableArray<string> texts, ImmutableArray<string> places, SearchValues<char> letters) => (_texts, Places, _letters) = (texts, places, letters);

    /// <summary>What stands in braces, in order.</summary>
    public ImmutableArray<string> Places { get; }

    /// <summary>Reads a template of a SPIFFE ID, whose segments slashes separate.</summary>
    /// <param name="text">The template.</param>
    /// <param name="trustDomain">What <c>{trustDomain}</c> stands for.</param>
    /// <param name="refuse">What is wrong with a place; null for a good one.</param>
    /// <exception cref="FormatException">Says what is wrong.</exception>
    public static SegmentTemplate ForSpiffeId(string text, string trustDomain, Func<string, string?> refuse) => Parse(text, trustDomain, '/', s_pathLetters, refuse);

    /// <summary>Reads a template of a DNS name, whose labels dots separate: a value with a dot would be two of them.</summary>
    /// <inheritdoc cref="ForSpiffeId"/>
    public static SegmentTemplate ForDnsName(string text, string trustDomain, Func<string, string?> refuse) => Parse(text, trustDomain, '.', s_labelLetters, refuse);

    /// <summary>Whether a value may fill a place.</summary>
    public bool Takes(string value) => value is not ("" or "." or "..") && !value.AsSpan().ContainsAnyExcept(_letters);

    /// <summary>The name, where every place has this value.</summary>
    public string FillWith(string value) => string.Join(value, _texts);

    /// <summary>The name; null when a place has no value, or one that it does not take.</summary>
    public string? Fill(Func<string, string?> valueOf)
    {
        StringBuilder name = new(_texts[0]);
        for (int index = 0; index < Places.Length; index++)
        {
            if (valueOf(Places[index]) is not { } value || !Takes(value))
            {
                return null;
            }

            name.Append(value).Append(_texts[index + 1]);
        }

        return name.ToString();
    }

    private static SegmentTemplate Parse(string text, string trustDomain, char separator, SearchValues<char> letters, Func<string, string?> refuse)
    {
        ImmutableArray<string>.Builder texts = ImmutableArray.CreateBuilder<string>();
        ImmutableArray<string>.Builder places = ImmutableArray.CreateBuilder<string>();
        StringBuilder fixedText = new();
        for (int at = 0; at < text.Length; at++)
        {
            if (text[at] != '{')
            {
                fixedText.Append(text[at] == '}' ? throw new FormatException("there is a '}' without its '{'") : text[at]);
                continue;
            }

            int end = text.IndexOf('}', at);
            string place = end < 0 ? throw new FormatException("there is a '{' without its '}'") : text[(at + 1)..end];
            at = end;
            if (place == TrustDomainName)
            {
                fixedText.Append(trustDomain);
                continue;
            }

            if (refuse(place) is { } wrong)
            {
                throw new FormatException(wrong);
            }

            // "a-b" and "c" would make the same of {x}-{y} as "a" and "b-c".
            if (texts.Count > 0 && !fixedText.ToString().Contains(separator, StringComparison.Ordinal))
            {
                throw new FormatException($"two places stand between the same two '{separator}', so that different values could make one name; separate them");
            }

            places.Add(place);
            texts.Add(fixedText.ToString());
            fixedText.Clear();
        }

        texts.Add(fixedText.ToString());
        return new SegmentTemplate(texts.ToImmutable(), places.ToImmutable(), letters);
    }
}
