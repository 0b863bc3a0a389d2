using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using SdsServer.Core.Access;
using SdsServer.Core.Rotation;

namespace SdsServer.Storage.Sqlite;

/// <summary>
/// The JSON documents in the database. A member this program does not know is an error: ignoring it would drop it with the next write,
/// and it may be what a newer program's safety rests on. Nulls are left out, so a newer program's unused members do not stand in the way
/// of going back to an older one. A member added later reads as its type's default from older documents, whatever its initializer says:
/// choose names and types so that this is right, or migrate.
/// </summary>
[JsonSourceGenerationOptions(
    Converters = [typeof(Base64Converter)],
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    IgnoreReadOnlyProperties = true,
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    UseStringEnumConverter = true)]
[JsonSerializable(typeof(TrustState))]
[JsonSerializable(typeof(AccessToken))]
[JsonSerializable(typeof(Registration))]
[JsonSerializable(typeof(string[]))]
internal sealed partial class StateJson : JsonSerializerContext
{
    /// <summary>Throws <see cref="InvalidDataException"/> when the document is not one this program can read in full.</summary>
    public static T Read<T>(string document, JsonTypeInfo<T> type, string what)
    {
        try
        {
            return JsonSerializer.Deserialize(document, type) ?? throw new JsonException("it is null");
        }
        catch (JsonException error)
        {
            throw new InvalidDataException(
                $"{what} cannot be read: {error.Message} If a newer version of the server has written it, start that one again; else restore a backup.",
                error);
        }
    }
}
