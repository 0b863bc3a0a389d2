using System.Text;
using System.Text.Json;

namespace SdsServer.Identity.Jwt;

/// <summary>JSON objects in which everything has one meaning: UTF-8, no member twice, no deep nesting, nothing after the end.</summary>
internal static class StrictJson
{
    private const int MaxDepth = 16;

    private static readonly UTF8Encoding s_utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);
    private static readonly JsonDocumentOptions s_options = new() { MaxDepth = MaxDepth, AllowDuplicateProperties = false };

    /// <exception cref="FormatException">It is no such object; says why without repeating any of it.</exception>
    public static JsonElement ParseObject(byte[] utf8)
    {
        try
        {
            _ = s_utf8.GetCharCount(utf8);
            using JsonDocument document = JsonDocument.Parse(utf8, s_options);
            return document.RootElement.ValueKind == JsonValueKind.Object ? document.RootElement.Clone() : throw new FormatException("it is no JSON object");
        }
        catch (Exception error) when (error is JsonException or DecoderFallbackException or InvalidOperationException)
        {
            throw new FormatException($"it is no JSON object without duplicate members, in UTF-8, at most {MaxDepth} deep", error);
        }
    }

    /// <summary>The member as text; null when it is absent or anything else, text with half a surrogate pair included.</summary>
    public static string? Text(JsonElement of, string name) => of.TryGetProperty(name, out JsonElement value) ? Text(value) : null;

    /// <inheritdoc cref="Text(JsonElement, string)"/>
    public static string? Text(JsonElement value)
    {
        try
        {
            return value.ValueKind == JsonValueKind.String ? value.GetString() : null;
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }
}
