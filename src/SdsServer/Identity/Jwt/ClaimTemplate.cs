using System.Collections.Immutable;
using System.Text.Json;
using SdsServer.Core.Access;

namespace SdsServer.Identity.Jwt;

/// <summary>A name with claims in it: <c>spiffe://{trustDomain}/ns/{/kubernetes.io/namespace}/sa/{/kubernetes.io/serviceaccount/name}</c>.</summary>
internal sealed class ClaimTemplate
{
    private readonly SegmentTemplate _template;
    private readonly ImmutableArray<ClaimPointer> _claims;

    private ClaimTemplate(SegmentTemplate template) => (_template, _claims) = (template, [.. template.Places.Select(place => ClaimPointer.Parse(place)!)]);

    /// <summary>Reads a template of a SPIFFE ID, whose segments slashes separate.</summary>
    /// <exception cref="FormatException">Says what is wrong.</exception>
    public static ClaimTemplate ForSpiffeId(string text, string trustDomain) => new(SegmentTemplate.ForSpiffeId(text, trustDomain, Refuse));

    /// <summary>Reads a template of a DNS name, whose labels dots separate: a value with a dot would be two of them.</summary>
    /// <exception cref="FormatException">Says what is wrong.</exception>
    public static ClaimTemplate ForDnsName(string text, string trustDomain) => new(SegmentTemplate.ForDnsName(text, trustDomain, Refuse));

    /// <summary>The name where every claim has this value.</summary>
    public string FillWith(string value) => _template.FillWith(value);

    /// <exception cref="JwtRefusedException">A claim is missing, or its value does not fit a segment.</exception>
    public string Fill(JsonElement claims)
    {
        Dictionary<string, string> values = [];
        for (int index = 0; index < _claims.Length; index++)
        {
            values[_template.Places[index]] = Checked(_claims[index], claims);
        }

        return _template.Fill(values.GetValueOrDefault)!;
    }

    private static string? Refuse(string place) =>
        ClaimPointer.Parse(place) is null ? $"'{{{place}}}' is neither {{trustDomain}} nor a claim such as {{/kubernetes.io/namespace}}" : null;

    private string Checked(ClaimPointer claim, JsonElement claims)
    {
        string value = claim.Find(claims) ?? throw new JwtRefusedException(JwtRefusal.ClaimMissing, $"it has no claim {claim} that is a text");
        return _template.Takes(value)
            ? value
            : throw new JwtRefusedException(JwtRefusal.ClaimUnfit, $"its claim {claim} is '{value}', which cannot be one segment of the name");
    }
}
