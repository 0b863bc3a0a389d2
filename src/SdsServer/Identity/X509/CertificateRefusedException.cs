namespace SdsServer.Identity.X509;

/// <summary>A client certificate is no evidence. The message holds no secret: whoever sees it has shown the certificate.</summary>
internal sealed class CertificateRefusedException(CertificateRefusal refusal, string message) : Exception(message)
{
    public CertificateRefusal Refusal { get; } = refusal;
}
