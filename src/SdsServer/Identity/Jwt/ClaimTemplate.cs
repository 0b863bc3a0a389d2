using System.Buffers;
using System.Collections.Immutable;
using System.Text;
using System.Text.Json;

namespace SdsServer.Identity.Jwt;

/// <summary>
/// A name with claims in it: <c>spiffe://{trustDomain}/ns/{/kubernetes.io/namespace}/sa/{/kubernetes.io/serviceaccount/name}</c>. Each value fills
/// its own segment, or a part of it, and never more: no value can reach into another place of the name.
/// </summary>
internal sealed class ClaimTemplate
{
    private const string TrustDomainName = "trustDomain";
    private static readonly SearchValues<char> s_pathLetters = SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_");
    private static readonly SearchValues<char> s_labelLetters = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789-");

    // Fixed texts and claims in turn, a fixed one at both ends.
    private readonly ImmutableArray<string> _texts;
    private readonly ImmutableArray<ClaimPointer> _claims;
    private readonly SearchValues<char> _letters;

    private ClaimTemplate(ImmutableArray<string> texts, ImmutableArray<ClaimPointer> claims, SearchValues<char> letters) => (_texts, _claims, _letters) = (texts, claims, letters);

    /// <summary>Reads a template of a SPIFFE ID, whose segments slashes separate.</summary>
    /// <exception cref="FormatException">Says what is wrong.</exception>
    public static ClaimTemplate ForSpiffeId(string text, string trustDomain) => Parse(text, trustDomain, '/', s_pathLetters);

    /// <summary>Reads a template of a DNS name, whose labels dots separate: a value with a dot would be two of them.</summary>
    /// <exception cref="FormatException">Says what is wrong.</exception>
    public static ClaimTemplate ForDnsName(string text, string trustDomain) => Parse(text, trustDomain, '.', s_labelLetters);

    /// <summary>The name where every claim has this value.</summary>
    public string FillWith(string value) => string.Join(value, _texts);

    /// <exception cref="JwtRefusedException">A claim is missing, or its value does not fit a segment.</exception>
    public string Fill(JsonElement claims)
    {
        StringBuilder name = new(_texts[0]);
        for (int index = 0; index < _claims.Length; index++)
        {
            name.Append(Checked(_claims[index], claims)).Append(_texts[index + 1]);
        }

        return name.ToString();
    }

    private static ClaimTemplate Parse(string text, string trustDomain, char separator, SearchValues<char> letters)
    {
        ImmutableArray<string>.Builder texts = ImmutableArray.CreateBuilder<string>();
        ImmutableArray<ClaimPointer>.Builder claims = ImmutableArray.CreateBuilder<ClaimPointer>();
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

            claims.Add(ClaimPointer.Parse(inner) ?? throw new FormatException($"'{{{inner}}}' is neither {{{TrustDomainName}}} nor a claim such as {{/kubernetes.io/namespace}}"));

            // "a-b" and "c" would make the same of {x}-{y} as "a" and "b-c".
            if (texts.Count > 0 && !fixedText.ToString().Contains(separator, StringComparison.Ordinal))
            {
                throw new FormatException($"two claims stand between the same two '{separator}', so that different values could make one name; separate them");
            }

            texts.Add(fixedText.ToString());
            fixedText.Clear();
        }

        texts.Add(fixedText.ToString());
        return new ClaimTemplate(texts.ToImmutable(), claims.ToImmutable(), letters);
    }

    private string Checked(ClaimPointer claim, JsonElement claims)
    {
        string value = claim.Find(claims) ?? throw new JwtRefusedException(JwtRefusal.ClaimMissing, $"it has no claim {claim} that is a text");
        return value is "" or "." or ".." || value.AsSpan().ContainsAnyExcept(_letters)
            ? throw new JwtRefusedException(JwtRefusal.ClaimUnfit, $"its claim {claim} is '{value}', which cannot be one segment of the name")
            : value;
    }
}
