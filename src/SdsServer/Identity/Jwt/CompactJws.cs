using System.Text;
using System.Text.Json;

namespace SdsServer.Identity.Jwt;

/// <summary>
/// A token taken apart (RFC 7515 section 7.1), believed in nothing. Of the header only <c>alg</c>, <c>kid</c> and <c>crit</c> are read: keys
/// that a token brings along or points at (<c>jwk</c>, <c>jku</c>, <c>x5c</c>, <c>x5u</c>) prove nothing about it.
/// </summary>
internal sealed class CompactJws
{
    /// <summary>Longest token, in characters. A Kubernetes token has about 1200.</summary>
    public const int MaxLength = 16 * 1024;

    private CompactJws(string algorithm, string? keyId, JsonElement payload, byte[] signed, byte[] signature) =>
        (Algorithm, KeyId, Payload, Signed, Signature) = (algorithm, keyId, payload, signed, signature);

    public string Algorithm { get; }

    public string? KeyId { get; }

    public JsonElement Payload { get; }

    /// <summary>What the signature is over.</summary>
    public byte[] Signed { get; }

    public byte[] Signature { get; }

    /// <summary>True for a text with two dots, which no token of this server's own has.</summary>
    public static bool IsMeant(ReadOnlySpan<char> text) => text.Count('.') == 2;

    /// <exception cref="JwtRefusedException">It is no compact JWS.</exception>
    public static CompactJws Parse(string text)
    {
        if (text.Length > MaxLength)
        {
            throw new JwtRefusedException(JwtRefusal.TooLarge, $"it has {text.Length} characters, more than {MaxLength}");
        }

        string[] parts = text.Split('.');
        if (parts.Length != 3)
        {
            throw new JwtRefusedException(JwtRefusal.NotCompact, $"it has {parts.Length} parts and not three");
        }

        JsonElement header = Json(parts[0], "header");
        if (header.TryGetProperty("crit", out _))
        {
            throw new JwtRefusedException(JwtRefusal.CriticalHeader, "its header demands extensions (crit), of which none is known");
        }

        string? algorithm = StrictJson.Text(header, "alg");
        string? keyId = StrictJson.Text(header, "kid");
        if (algorithm is null || keyId is "" || (keyId is null && header.TryGetProperty("kid", out _)))
        {
            throw new JwtRefusedException(JwtRefusal.BadHeader, "its header needs a text 'alg', and a 'kid' that is there must be a text and not empty");
        }

        JsonElement payload = Json(parts[1], "payload");
        return new CompactJws(algorithm, keyId, payload, Encoding.ASCII.GetBytes(text[..text.LastIndexOf('.')]), Bytes(parts[2], "signature"));
    }

    private static JsonElement Json(string part, string name)
    {
        byte[] bytes = Bytes(part, name);
        try
        {
            return StrictJson.ParseObject(bytes);
        }
        catch (FormatException wrong)
        {
            throw new JwtRefusedException(JwtRefusal.BadJson, $"its {name}: {wrong.Message}");
        }
    }

    private static byte[] Bytes(string part, string name) =>
        ExactBase64Url.Decode(part) ?? throw new JwtRefusedException(JwtRefusal.BadEncoding, $"its {name} is no base64url, without padding and with nothing left over");
}
