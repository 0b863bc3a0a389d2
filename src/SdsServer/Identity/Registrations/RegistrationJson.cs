using System.Text.Json.Serialization;

namespace SdsServer.Identity.Registrations;

/// <summary>The file's JSON. A member that nobody knows is an error: a mistyped one would be one that is not in force.</summary>
[JsonSourceGenerationOptions(
    AllowDuplicateProperties = false,
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    UseStringEnumConverter = true)]
[JsonSerializable(typeof(RegistrationEntry))]
internal sealed partial class RegistrationJson : JsonSerializerContext;
