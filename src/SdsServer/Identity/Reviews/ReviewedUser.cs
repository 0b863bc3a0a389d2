using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using SdsServer.Identity.Jwt;

namespace SdsServer.Identity.Reviews;

/// <summary>What a <c>TokenReviewStatus</c> proves, put as the claims of a token of Kubernetes say it, so that settings and selectors mean the same for both.</summary>
internal static class ReviewedUser
{
    private const string Prefix = "system:serviceaccount:";
    private const string Extra = "authentication.kubernetes.io/";

    /// <param name="status">The API server's word.</param>
    /// <param name="token">The token that it is on; its own words count for nothing, but must not be others.</param>
    /// <exception cref="JwtRefusedException">It is no service account with an audience of this server.</exception>
    public static JsonElement ClaimsOf(JsonElement status, CompactJws token, JwtIssuer issuer)
    {
        if (!status.TryGetProperty("authenticated", out JsonElement authenticated) || authenticated.ValueKind != JsonValueKind.True)
        {
            throw new JwtRefusedException(JwtRefusal.NotAuthenticated, $"the API server does not accept it: {StrictJson.Text(status, "error") ?? "it gives no reason"}");
        }

        // An API server that knows nothing of audiences says none: then nobody has looked whom the token is for.
        if (!Texts(status, "audiences").Any(audience => audience is not null && issuer.Audiences.Contains(audience)))
        {
            throw new JwtRefusedException(JwtRefusal.WrongAudience, $"the API server does not say that it is for '{string.Join("' or '", issuer.Audiences)}'");
        }

        JsonElement user = status.TryGetProperty("user", out JsonElement stated) && stated.ValueKind == JsonValueKind.Object ? stated : default;
        string? name = user.ValueKind == JsonValueKind.Object ? StrictJson.Text(user, "username") : null;
        if (name?.StartsWith(Prefix, StringComparison.Ordinal) != true || name[Prefix.Length..].Split(':') is not [{ Length: > 0 } space, { Length: > 0 } account])
        {
            throw new JwtRefusedException(JwtRefusal.NotServiceAccount, $"the API server takes it for '{name}', which is no service account");
        }

        if (StrictJson.Text(token.Payload, "sub") is var subject && subject != name)
        {
            throw new JwtRefusedException(JwtRefusal.NotServiceAccount, $"the API server takes it for '{name}', and it says '{subject}' of itself");
        }

        JsonObject kubernetes = new() { ["namespace"] = space, ["serviceaccount"] = Named(account, StrictJson.Text(user, "uid")) };
        JsonElement extra = user.TryGetProperty("extra", out JsonElement given) && given.ValueKind == JsonValueKind.Object ? given : default;
        foreach (string kind in new[] { "pod", "node" })
        {
            if (Only(extra, $"{Extra}{kind}-name") is { } named)
            {
                kubernetes[kind] = Named(named, Only(extra, $"{Extra}{kind}-uid"));
            }
        }

        return StrictJson.ParseObject(Encoding.UTF8.GetBytes(new JsonObject { ["iss"] = issuer.Issuer, ["sub"] = name, ["kubernetes.io"] = kubernetes }.ToJsonString()));
    }

    private static JsonObject Named(string name, string? uid) => uid is null ? new() { ["name"] = name } : new() { ["name"] = name, ["uid"] = uid };

    // What is there twice is the word of nobody.
    private static string? Only(JsonElement extra, string name) => extra.ValueKind == JsonValueKind.Object && Texts(extra, name) is [{ Length: > 0 } only] ? only : null;

    private static List<string?> Texts(JsonElement of, string name) =>
        of.TryGetProperty(name, out JsonElement list) && list.ValueKind == JsonValueKind.Array ? [.. list.EnumerateArray().Select(StrictJson.Text)] : [];
}
