using System.Buffers;
using System.Collections.Immutable;
using System.Text;

namespace SdsServer.Identity;

/// <summary>
/// A name with places in it for values that others state: <c>spiffe://{trustDomain}/ns/{namespace}/sa/{name}</c>. Each value fills its own
/// segment, or a part of it, and never more: no value can reach into another place of the name.
/// </summary>
internal sealed class NameTemplate
{
    private const string TrustDomainName = "trustDomain";
    private static readonly SearchValues<char> s_pathLetters = SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_");
    private static readonly SearchValues<char> s_labelLetters = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789-");

    // Fixed texts and places in turn, a fixed one at both ends.
    private readonly ImmutableArray<string> _texts;
    private readonly SearchValues<char> _letters;

    private NameTemplate(ImmutableArray<string> texts, ImmutableArray<string> places, SearchValues<char> letters) => (_texts, Places, _letters) = (texts, places, letters);

    /// <summary>What stands in the braces, in order.</summary>
    public ImmutableArray<string> Places { get; }

    /// <summary>Reads a template of a SPIFFE ID, whose segments slashes separate.</summary>
    /// <param name="isPlace">What may stand in braces, beside the trust domain.</param>
    /// <param name="example">Such a place, for the error.</param>
    /// <exception cref="FormatException">Says what is wrong.</exception>
    public static NameTemplate ForSpiffeId(string text, string trustDomain, Func<string, bool> isPlace, string example) =>
        Parse(text, trustDomain, '/', s_pathLetters, isPlace, example);

    /// <summary>Reads a template of a DNS name, whose labels dots separate: a value with a dot would be two of them.</summary>
    /// <inheritdoc cref="ForSpiffeId"/>
    public static NameTemplate ForDnsName(string text, string trustDomain, Func<string, bool> isPlace, string example) =>
        Parse(text, trustDomain, '.', s_labelLetters, isPlace, example);

    /// <summary>The name where every place has this value.</summary>
    public string FillWith(string value) => string.Join(value, _texts);

    /// <summary>The name with the value of each place, each of which <see cref="Fits"/>.</summary>
    public string Fill(Func<string, string> valueOf)
    {
        StringBuilder name = new(_texts[0]);
        for (int index = 0; index < Places.Length; index++)
        {
            name.Append(valueOf(Places[index])).Append(_texts[index + 1]);
        }

        return name.ToString();
    }

    /// <summary>A value that can be one segment, and no other thing.</summary>
    public bool Fits(string value) => value is not ("" or "." or "..") && !value.AsSpan().ContainsAnyExcept(_letters);

    private static NameTemplate Parse(string text, string trustDomain, char separator, SearchValues<char> letters, Func<string, bool> isPlace, string example)
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
            string inner = end < 0 ? throw new FormatException("there is a '{' without its '}'") : text[(at + 1)..end];
            at = end;
            if (inner == TrustDomainName)
            {
                fixedText.Append(trustDomain);
                continue;
            }

            places.Add(isPlace(inner) ? inner : throw new FormatException($"'{{{inner}}}' is neither {{{TrustDomainName}}} nor {example}"));

            // "a-b" and "c" would make the same of {x}-{y} as "a" and "b-c".
            if (texts.Count > 0 && !fixedText.ToString().Contains(separator, StringComparison.Ordinal))
            {
                throw new FormatException($"two values stand between the same two '{separator}', so that different values could make one name; separate them");
            }

            texts.Add(fixedText.ToString());
            fixedText.Clear();
        }

        texts.Add(fixedText.ToString());
        return new NameTemplate(texts.ToImmutable(), places.ToImmutable(), letters);
    }
}
