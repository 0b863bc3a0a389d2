using SdsServer.Core.Pki;

namespace SdsServer.Identity.X509;

/// <summary>A chain that failed, as a refusal.</summary>
internal static class Refusals
{
    public static CertificateRefusedException Of(ChainVerification failed) => new(
        failed.Failure switch
        {
            ChainFailure.Expired => CertificateRefusal.Expired,
            ChainFailure.NotYetValid => CertificateRefusal.NotYetValid,
            _ => CertificateRefusal.Untrusted,
        },
        failed.Reason);
}
