namespace SdsServer.Core.Enrolment;

/// <summary>Everything that is stored of enrolments.</summary>
/// <param name="Authorities">The one that signs, and those it replaced while certificates of theirs are stored; oldest first.</param>
/// <param name="Certificates">In the order of their serials, revoked ones included, and ended ones until they are pruned.</param>
/// <param name="Cutoffs">By SPIFFE ID.</param>
public sealed record EnrolmentRecord(
    IReadOnlyList<EnrolmentAuthority> Authorities, IReadOnlyList<EnrolledCertificate> Certificates, IReadOnlyList<IdentityCutoff> Cutoffs);
