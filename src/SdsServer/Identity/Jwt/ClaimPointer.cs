using System.Collections.Immutable;
using System.Text.Json;

namespace SdsServer.Identity.Jwt;

/// <summary>
/// Where a claim is, as a JSON Pointer (RFC 6901): <c>/kubernetes.io/namespace</c>. A dot is part of a name; <c>~1</c> is a slash in one,
/// <c>~0</c> a tilde. Members of objects only: what stands at which place of an array is nobody's promise.
/// </summary>
internal sealed record ClaimPointer
{
    private readonly ImmutableArray<string> _names;
    private readonly string _text;

    private ClaimPointer(string text, ImmutableArray<string> names) => (_text, _names) = (text, names);

    /// <summary>Null for anything else.</summary>
    public static ClaimPointer? Parse(string text)
    {
        string[] parts = text.Split('/');
        return parts.Length > 1 && parts[0].Length == 0 && parts.Skip(1).All(IsName)
            ? new ClaimPointer(text, [.. parts.Skip(1).Select(part => part.Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal))])
            : null;
    }

    /// <summary>The claim if it is there and a text; null otherwise.</summary>
    public string? Find(JsonElement claims)
    {
        JsonElement at = claims;
        foreach (string name in _names)
        {
            if (at.ValueKind != JsonValueKind.Object || !at.TryGetProperty(name, out at))
            {
                return null;
            }
        }

        return StrictJson.Text(at);
    }

    public override string ToString() => _text;

    private static bool IsName(string part)
    {
        for (int tilde = part.IndexOf('~', StringComparison.Ordinal); tilde >= 0; tilde = part.IndexOf('~', tilde + 1))
        {
            if (tilde + 1 == part.Length || part[tilde + 1] is not ('0' or '1'))
            {
                return false;
            }
        }

        return part.Length > 0;
    }
}
