namespace SdsServer.Tests.Identity;

/// <summary>How a workload shows who it is.</summary>
public enum Attestation
{
    Jwt,
    Svid,
    Enrolment,
    UnixPeer,
}
