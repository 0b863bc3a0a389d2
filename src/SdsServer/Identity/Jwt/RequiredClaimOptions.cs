namespace SdsServer.Identity.Jwt;

/// <summary>A claim without which a token is refused.</summary>
public sealed class RequiredClaimOptions
{
    /// <summary>JSON Pointer of the claim.</summary>
    public string Claim { get; set; } = "";

    /// <summary>It must be one of these.</summary>
    public List<string> Values { get; set; } = [];
}
