namespace SdsServer.Identity.Jwt;

/// <summary>A token is not accepted. The message is for the operator: it may show claims, never the token.</summary>
internal sealed class JwtRefusedException(JwtRefusal refusal, string message) : Exception(message)
{
    public JwtRefusal Refusal { get; } = refusal;
}
