namespace SdsServer.Core.Enrolment;

/// <summary>What became of an enrolment.</summary>
/// <param name="Certificate">What the client gets; null where it gets none.</param>
public sealed record EnrolmentOutcome(EnrolmentStatus Status, EnrolledCertificate? Certificate);
