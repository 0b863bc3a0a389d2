using System.Collections.Frozen;
using SdsServer.Grpc;
using Api = SdsServer.Protos.Admin.V1;

namespace SdsServer.Admin.Operators;

/// <summary>The least role for each call on the operators' listener. A call that stands nowhere here is nobody's.</summary>
internal static class LeastRoles
{
    private const string Package = "/sdsserver.admin.v1.";

    private static readonly FrozenDictionary<string, OperatorRole> s_roles = new Dictionary<string, OperatorRole>(StringComparer.Ordinal)
    {
        [$"{Package}TrustDomainService/ListTrustDomains"] = OperatorRole.Viewer,
        [$"{Package}TrustDomainService/GetTrustDomain"] = OperatorRole.Viewer,
        [$"{Package}TrustDomainService/WatchTrustDomain"] = OperatorRole.Viewer,
        [$"{Package}TrustDomainService/GetAnchors"] = OperatorRole.Viewer,
        [$"{Package}AuthorityService/ListAuthorities"] = OperatorRole.Viewer,
        [$"{Package}AuthorityService/GetAuthority"] = OperatorRole.Viewer,
        [$"{Package}AuthorityService/CreateAuthority"] = OperatorRole.Operator,
        [$"{Package}AuthorityService/DeleteAuthority"] = OperatorRole.Admin,
        [$"{Package}AuthorityService/SetAuthorityRole"] = OperatorRole.Admin,
        [$"{Package}RotationService/StartRotation"] = OperatorRole.Operator,
        [$"{Package}RotationService/GetRotation"] = OperatorRole.Viewer,
        [$"{Package}RotationService/ListRotations"] = OperatorRole.Viewer,
        [$"{Package}RotationService/WatchRotation"] = OperatorRole.Viewer,
        [$"{Package}RotationService/AdvanceRotation"] = OperatorRole.Operator,
        [$"{Package}RotationService/RollbackRotation"] = OperatorRole.Operator,
        [$"{Package}RotationService/ResumeForward"] = OperatorRole.Operator,
        [$"{Package}RotationService/HoldRotation"] = OperatorRole.Operator,
        [$"{Package}RotationService/UnholdRotation"] = OperatorRole.Operator,
        [$"{Package}FleetService/ListInstances"] = OperatorRole.Viewer,
        [$"{Package}FleetService/GetInstance"] = OperatorRole.Viewer,
        [$"{Package}FleetService/WatchInstances"] = OperatorRole.Viewer,
        [$"{Package}FleetService/RetireInstance"] = OperatorRole.Operator,
        [$"{Package}FleetService/RepushSecrets"] = OperatorRole.Operator,
        [$"{Package}FleetService/ConfirmTrust"] = OperatorRole.Operator,

        // A word that cuts off every proxy of which it is not true.
        [$"{Package}FleetService/ConfirmAnchors"] = OperatorRole.Admin,
        [$"{Package}LeafService/ListLeaves"] = OperatorRole.Viewer,
        [$"{Package}TokenService/CreateToken"] = OperatorRole.Admin,
        [$"{Package}TokenService/ListTokens"] = OperatorRole.Viewer,
        [$"{Package}TokenService/DeleteToken"] = OperatorRole.Admin,
        [$"{Package}RegistrationService/CreateRegistration"] = OperatorRole.Admin,
        [$"{Package}RegistrationService/GetRegistration"] = OperatorRole.Viewer,
        [$"{Package}RegistrationService/ListRegistrations"] = OperatorRole.Viewer,
        [$"{Package}RegistrationService/UpdateRegistration"] = OperatorRole.Admin,
        [$"{Package}RegistrationService/DeleteRegistration"] = OperatorRole.Admin,
        [$"{Package}EnrolmentService/ListEnrolments"] = OperatorRole.Viewer,
        [$"{Package}EnrolmentService/RevokeEnrolments"] = OperatorRole.Admin,
        [$"{Package}EnrolmentService/RotateEnrolmentAuthority"] = OperatorRole.Admin,
        [$"{Package}AuditService/ListAuditEntries"] = OperatorRole.Viewer,
        [$"{Package}AuditService/WatchAuditEntries"] = OperatorRole.Viewer,
        [$"{Package}AuditService/VerifyAuditLog"] = OperatorRole.Viewer,
        [$"{Package}AuditService/ExportAuditLog"] = OperatorRole.Viewer,
        ["/envoy.service.status.v3.ClientStatusDiscoveryService/FetchClientStatus"] = OperatorRole.Viewer,
        ["/envoy.service.status.v3.ClientStatusDiscoveryService/StreamClientStatus"] = OperatorRole.Viewer,
    }.ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>The paths that stand here.</summary>
    public static IEnumerable<string> Paths => s_roles.Keys;

    /// <summary>The least role for a call; null for one that does not stand here.</summary>
    /// <param name="path"><c>/package.Service/Method</c>.</param>
    public static OperatorRole? Of(string path) => s_roles.TryGetValue(path, out OperatorRole role) ? role : null;

    /// <summary>An emergency taints a root, and gates that only time opens ask nobody.</summary>
    public static OperatorRole Of(Api.StartRotationRequest request) =>
        request.Kind == Api.RotationKind.Emergency || request.Policy?.ForceAtDeadlines == true || HasTimeGate(request.Policy) ? OperatorRole.Admin : OperatorRole.Operator;

    /// <summary>An override passes over what is known to break.</summary>
    public static OperatorRole Of(Api.AdvanceRotationRequest request) => request.Override is null ? OperatorRole.Operator : OperatorRole.Admin;

    /// <exception cref="RpcException">PERMISSION_DENIED.</exception>
    public static void Require(Operator caller, OperatorRole least, string what)
    {
        if (caller.Role < least)
        {
            throw Requests.AdminErrors.NotAllowed(caller, least, what);
        }
    }

    private static bool HasTimeGate(Api.RotationPolicy? policy) =>
        new[] { policy?.TrustGate, policy?.WaveGate, policy?.DropGate }.Any(gate => gate?.Kind == Api.GateKind.Time);
}
