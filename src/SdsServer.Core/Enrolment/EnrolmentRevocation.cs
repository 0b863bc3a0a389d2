namespace SdsServer.Core.Enrolment;

/// <summary>Which certificates are taken back.</summary>
/// <param name="Serial">Those of the enrolment that this certificate belongs to; empty for all of an identity.</param>
/// <param name="SpiffeId">Those of this identity; empty where one enrolment is meant.</param>
/// <param name="At">When.</param>
/// <param name="Cutoff">What is stored beside it; null for nothing.</param>
public sealed record EnrolmentRevocation(string Serial, string SpiffeId, DateTimeOffset At, IdentityCutoff? Cutoff);
