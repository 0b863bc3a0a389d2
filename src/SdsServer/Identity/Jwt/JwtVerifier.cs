using System.Text.Json;

namespace SdsServer.Identity.Jwt;

/// <summary>Checks a token against its issuer's keys and settings (RFC 7519 section 7.2, RFC 8725).</summary>
internal static class JwtVerifier
{
    /// <exception cref="JwtRefusedException">A check failed.</exception>
    public static VerifiedJwt Verify(CompactJws token, JwtIssuer issuer, JsonWebKeySet keys, DateTimeOffset now)
    {
        JwtAlgorithm algorithm = AllowedAlgorithm(token, issuer);
        VerificationKey key = keys.Select(token.KeyId);
        if (!key.Fits(algorithm))
        {
            throw new JwtRefusedException(JwtRefusal.AlgorithmDoesNotFitKey, $"its algorithm '{token.Algorithm}' is not that of the issuer's key '{token.KeyId}'");
        }

        if (!key.Verifies(algorithm, token.Signed, token.Signature))
        {
            throw new JwtRefusedException(JwtRefusal.BadSignature, $"its signature is not from the issuer's key '{token.KeyId}'");
        }

        // Only now does the issuer speak.
        return new VerifiedJwt(token.Payload, CheckClaims(token.Payload, issuer, now));
    }

    /// <summary>The checks that need no key, on what a token says of itself: one that fails here is no token of this issuer for this server and this time.</summary>
    /// <returns>Its <c>exp</c>, which nobody vouches for yet.</returns>
    /// <exception cref="JwtRefusedException">A check failed.</exception>
    public static DateTimeOffset CheckUnverified(CompactJws token, JwtIssuer issuer, DateTimeOffset now)
    {
        AllowedAlgorithm(token, issuer);
        return CheckClaims(token.Payload, issuer, now);
    }

    private static JwtAlgorithm AllowedAlgorithm(CompactJws token, JwtIssuer issuer) =>
        issuer.Algorithms.Contains(token.Algorithm) && JwtAlgorithm.All.TryGetValue(token.Algorithm, out JwtAlgorithm? algorithm)
            ? algorithm
            : throw new JwtRefusedException(JwtRefusal.AlgorithmNotAllowed, $"its algorithm '{token.Algorithm}' is not one of {string.Join(", ", issuer.Algorithms)}");

    private static DateTimeOffset CheckClaims(JsonElement claims, JwtIssuer issuer, DateTimeOffset now)
    {
        if (StrictJson.Text(claims, "iss") is var by && by != issuer.Issuer)
        {
            throw new JwtRefusedException(JwtRefusal.UnknownIssuer, $"it is of issuer '{by}' and not of '{issuer.Issuer}'");
        }

        CheckAudience(claims, issuer);
        return CheckTimes(claims, issuer, now);
    }

    private static void CheckAudience(JsonElement claims, JwtIssuer issuer)
    {
        if (!claims.TryGetProperty("aud", out JsonElement stated))
        {
            throw new JwtRefusedException(JwtRefusal.NoAudience, "it says no audience (aud), so it may be meant for anybody");
        }

        string?[] audiences = stated.ValueKind == JsonValueKind.Array ? [.. stated.EnumerateArray().Select(StrictJson.Text)] : [StrictJson.Text(stated)];
        if (!audiences.Any(audience => audience is not null && issuer.Audiences.Contains(audience)))
        {
            throw new JwtRefusedException(
                JwtRefusal.WrongAudience, $"it is for '{string.Join(", ", audiences)}' and not for '{string.Join("' or '", issuer.Audiences)}'");
        }
    }

    private static DateTimeOffset CheckTimes(JsonElement claims, JwtIssuer issuer, DateTimeOffset now)
    {
        DateTimeOffset expires = Time(claims, "exp") ?? throw new JwtRefusedException(JwtRefusal.NoExpiry, "it has no end (exp)");
        DateTimeOffset? begins = Time(claims, "nbf");
        DateTimeOffset? issued = Time(claims, "iat");
        if (now >= expires + issuer.Skew)
        {
            throw new JwtRefusedException(JwtRefusal.Expired, $"it expired at {expires:u}");
        }

        if (begins > now + issuer.Skew)
        {
            throw new JwtRefusedException(JwtRefusal.NotYetValid, $"it begins at {begins:u}; is a clock wrong?");
        }

        if (issued > now + issuer.Skew)
        {
            throw new JwtRefusedException(JwtRefusal.IssuedInFuture, $"it says it was issued at {issued:u}; is a clock wrong?");
        }

        TimeSpan life = expires - (issued ?? begins ?? now);
        return life <= issuer.MaxLifetime
            ? expires
            : throw new JwtRefusedException(JwtRefusal.LivesTooLong, $"it lives for {life}, longer than MaxLifetime ({issuer.MaxLifetime})");
    }

    /// <summary>A NumericDate (RFC 7519 section 2).</summary>
    private static DateTimeOffset? Time(JsonElement claims, string name)
    {
        // Beyond the year 5000 a sum with a setting could leave what a date can hold.
        const double last = 95_617_584_000;
        if (!claims.TryGetProperty(name, out JsonElement value))
        {
            return null;
        }

        return value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out double seconds) && seconds is >= 0 and <= last
            ? DateTimeOffset.UnixEpoch + TimeSpan.FromSeconds(seconds)
            : throw new JwtRefusedException(JwtRefusal.BadTime, $"its '{name}' is no number of seconds since 1970");
    }
}
