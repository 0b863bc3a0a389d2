using System.Text.Json;

namespace SdsServer.Identity.Jwt;

/// <summary>A token that its issuer signed, for this server, for now.</summary>
internal sealed record VerifiedJwt(JsonElement Claims, DateTimeOffset ExpiresAt);
