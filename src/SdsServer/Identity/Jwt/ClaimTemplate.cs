using System.Collections.Frozen;
using System.Text.Json;

namespace SdsServer.Identity.Jwt;

/// <summary>A <see cref="NameTemplate"/> with claims in it: <c>spiffe://{trustDomain}/ns/{/kubernetes.io/namespace}/sa/{/kubernetes.io/serviceaccount/name}</c>.</summary>
internal sealed class ClaimTemplate
{
    private const string Example = "a claim such as {/kubernetes.io/namespace}";

    private readonly NameTemplate _template;
    private readonly FrozenDictionary<string, ClaimPointer> _claims;

    private ClaimTemplate(NameTemplate template) =>
        (_template, _claims) = (template, template.Places.Distinct().ToFrozenDictionary(place => place, place => ClaimPointer.Parse(place)!, StringComparer.Ordinal));

    /// <inheritdoc cref="NameTemplate.ForSpiffeId"/>
    public static ClaimTemplate ForSpiffeId(string text, string trustDomain) => new(NameTemplate.ForSpiffeId(text, trustDomain, IsClaim, Example));

    /// <inheritdoc cref="NameTemplate.ForDnsName"/>
    public static ClaimTemplate ForDnsName(string text, string trustDomain) => new(NameTemplate.ForDnsName(text, trustDomain, IsClaim, Example));

    /// <summary>The name where every claim has this value.</summary>
    public string FillWith(string value) => _template.FillWith(value);

    /// <exception cref="JwtRefusedException">A claim is missing, or its value does not fit a segment.</exception>
    public string Fill(JsonElement claims) => _template.Fill(place =>
    {
        ClaimPointer claim = _claims[place];
        string value = claim.Find(claims) ?? throw new JwtRefusedException(JwtRefusal.ClaimMissing, $"it has no claim {claim} that is a text");
        return _template.Fits(value)
            ? value
            : throw new JwtRefusedException(JwtRefusal.ClaimUnfit, $"its claim {claim} is '{value}', which cannot be one segment of the name");
    });

    private static bool IsClaim(string place) => ClaimPointer.Parse(place) is not null;
}
