namespace SdsServer.Core.Pki;

/// <summary>A root that shall be added to the trust bundle.</summary>
/// <param name="Root">The root.</param>
/// <param name="TrialChain">A throw-away leaf its provider has just signed, and its intermediates: the proof that the provider signs under this root.</param>
/// <param name="RevocationList">The root's revocation list, if it has one.</param>
public sealed record RootCandidate(Certificate Root, IReadOnlyList<Certificate> TrialChain, CertificateRevocationList? RevocationList = null);
