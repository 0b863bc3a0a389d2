namespace SdsServer.Core.Enrolment;

/// <summary>An identity whose leaves were taken back as evidence: whoever stole one must not live on by it after its enrolment was revoked.</summary>
/// <param name="SpiffeId">Whose.</param>
/// <param name="NotBefore">Leaves that begin at this time or before are no evidence. Peers of the mesh still accept them until they end.</param>
public sealed record IdentityCutoff(string SpiffeId, DateTimeOffset NotBefore);
