using System.Collections.Immutable;
using System.Text.Json;

namespace SdsServer.Identity.Jwt;

/// <summary>A claim that must have one of these values.</summary>
internal sealed record RequiredClaim(ClaimPointer Claim, ImmutableArray<string> Values)
{
    /// <exception cref="JwtRefusedException">It has not.</exception>
    public void Check(JsonElement claims)
    {
        string? value = Claim.Find(claims);
        if (value is null || !Values.Contains(value, StringComparer.Ordinal))
        {
            throw new JwtRefusedException(JwtRefusal.RequiredClaim, $"its claim {Claim} is '{value}' and not '{string.Join("' or '", Values)}'");
        }
    }
}
