using System.Collections.Frozen;
using System.Text;
using System.Text.Json;

namespace SdsServer.Identity.Jwt;

/// <summary>An issuer's public keys (RFC 7517 section 5), by key id. Unfit ones are kept by their reason, so that a token of theirs is refused with it.</summary>
internal sealed class JsonWebKeySet
{
    private readonly FrozenDictionary<string, VerificationKey> _keys;
    private readonly FrozenDictionary<string, string> _unfit;

    private JsonWebKeySet(Dictionary<string, VerificationKey> keys, Dictionary<string, string> unfit) =>
        (_keys, _unfit) = (keys.ToFrozenDictionary(StringComparer.Ordinal), unfit.ToFrozenDictionary(StringComparer.Ordinal));

    /// <summary>Key ids and what is wrong with each.</summary>
    public IReadOnlyDictionary<string, string> Unfit => _unfit;

    public int Count => _keys.Count;

    /// <exception cref="FormatException">It is no key set, or none of its keys can be used; says why.</exception>
    public static JsonWebKeySet Parse(string text)
    {
        JsonElement set = StrictJson.ParseObject(Encoding.UTF8.GetBytes(text));
        if (!set.TryGetProperty("keys", out JsonElement list) || list.ValueKind != JsonValueKind.Array)
        {
            throw new FormatException("it has no array 'keys'");
        }

        Dictionary<string, VerificationKey> keys = [];
        Dictionary<string, string> unfit = [];
        HashSet<string> seen = [];
        foreach (JsonElement jwk in list.EnumerateArray())
        {
            if (jwk.ValueKind != JsonValueKind.Object)
            {
                throw new FormatException("an entry of 'keys' is no object");
            }

            string id = StrictJson.Text(jwk, "kid") ?? "";
            if (!seen.Add(id))
            {
                throw new FormatException($"two keys have the id '{id}'");
            }

            try
            {
                keys.Add(id, new VerificationKey(jwk));
            }
            catch (FormatException wrong)
            {
                unfit.Add(id, wrong.Message);
            }
        }

        return keys.Count > 0
            ? new JsonWebKeySet(keys, unfit)
            : throw new FormatException($"none of its keys can be used: {(unfit.Count == 0 ? "there is none" : string.Join("; ", unfit.Select(key => $"'{key.Key}': {key.Value}")))}");
    }

    /// <summary>True when the set says something about this id, be it that the key is unfit. Null: any.</summary>
    public bool Knows(string? id) => id is null || _keys.ContainsKey(id) || _unfit.ContainsKey(id);

    /// <param name="id">The token's <c>kid</c>; null where it has none, which will do for an issuer with a single key.</param>
    /// <exception cref="JwtRefusedException">There is no such key.</exception>
    public VerificationKey Select(string? id)
    {
        if (id is null)
        {
            return _keys.Count == 1 && _unfit.Count == 0
                ? _keys.Values[0]
                : throw new JwtRefusedException(JwtRefusal.UnknownKey, "it names no key (kid), and the issuer has several");
        }

        if (_unfit.TryGetValue(id, out string? reason))
        {
            throw new JwtRefusedException(JwtRefusal.UnusableKey, $"the issuer's key '{id}' cannot be used: {reason}");
        }

        return _keys.GetValueOrDefault(id) ?? throw new JwtRefusedException(JwtRefusal.UnknownKey, $"the issuer has no key '{id}'");
    }
}
