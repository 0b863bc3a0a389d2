using Google.Protobuf.Reflection;
using SdsServer.Grpc;
using SdsServer.Protos.Admin.V1;

namespace SdsServer.Cli.Admin;

/// <summary>The methods of the admin API.</summary>
internal static class AdminMethods
{
    private static readonly ServiceDescriptor s_trust = TrustDomainServiceReflection.Descriptor.FindTypeByName<ServiceDescriptor>("TrustDomainService");
    private static readonly ServiceDescriptor s_authorities = AuthorityServiceReflection.Descriptor.FindTypeByName<ServiceDescriptor>("AuthorityService");
    private static readonly ServiceDescriptor s_rotations = RotationServiceReflection.Descriptor.FindTypeByName<ServiceDescriptor>("RotationService");
    private static readonly ServiceDescriptor s_fleet = FleetServiceReflection.Descriptor.FindTypeByName<ServiceDescriptor>("FleetService");
    private static readonly ServiceDescriptor s_leaves = LeafServiceReflection.Descriptor.FindTypeByName<ServiceDescriptor>("LeafService");
    private static readonly ServiceDescriptor s_tokens = TokenServiceReflection.Descriptor.FindTypeByName<ServiceDescriptor>("TokenService");
    private static readonly ServiceDescriptor s_registrations = RegistrationServiceReflection.Descriptor.FindTypeByName<ServiceDescriptor>("RegistrationService");
    private static readonly ServiceDescriptor s_enrolments = EnrolmentServiceReflection.Descriptor.FindTypeByName<ServiceDescriptor>("EnrolmentService");
    private static readonly ServiceDescriptor s_audit = AuditServiceReflection.Descriptor.FindTypeByName<ServiceDescriptor>("AuditService");

    public static PagedMethod<ListTrustDomainsRequest, ListTrustDomainsResponse> ListTrustDomains { get; } = new(
        new(s_trust, "ListTrustDomains"), (request, size, token) => (request.PageSize, request.PageToken) = (size, token),
        response => response.NextPageToken, response => response.NextPageToken = "", response => response.TrustDomains.Count);

    public static GrpcMethod<GetTrustDomainRequest, TrustDomain> GetTrustDomain { get; } = new(s_trust, "GetTrustDomain");

    public static GrpcMethod<GetAnchorsRequest, GetAnchorsResponse> GetAnchors { get; } = new(s_trust, "GetAnchors");

    public static GrpcMethod<WatchTrustDomainRequest, WatchTrustDomainResponse> WatchTrustDomain { get; } = new(s_trust, "WatchTrustDomain");

    public static PagedMethod<ListAuthoritiesRequest, ListAuthoritiesResponse> ListAuthorities { get; } = new(
        new(s_authorities, "ListAuthorities"), (request, size, token) => (request.PageSize, request.PageToken) = (size, token),
        response => response.NextPageToken, response => response.NextPageToken = "", response => response.Authorities.Count);

    public static GrpcMethod<GetAuthorityRequest, Authority> GetAuthority { get; } = new(s_authorities, "GetAuthority");

    public static GrpcMethod<CreateAuthorityRequest, Authority> CreateAuthority { get; } = new(s_authorities, "CreateAuthority");

    public static GrpcMethod<DeleteAuthorityRequest, DeleteAuthorityResponse> DeleteAuthority { get; } = new(s_authorities, "DeleteAuthority");

    public static GrpcMethod<SetAuthorityRoleRequest, Authority> SetAuthorityRole { get; } = new(s_authorities, "SetAuthorityRole");

    public static GrpcMethod<StartRotationRequest, StartRotationResponse> StartRotation { get; } = new(s_rotations, "StartRotation");

    public static GrpcMethod<GetRotationRequest, Rotation> GetRotation { get; } = new(s_rotations, "GetRotation");

    public static PagedMethod<ListRotationsRequest, ListRotationsResponse> ListRotations { get; } = new(
        new(s_rotations, "ListRotations"), (request, size, token) => (request.PageSize, request.PageToken) = (size, token),
        response => response.NextPageToken, response => response.NextPageToken = "", response => response.Rotations.Count);

    public static GrpcMethod<WatchRotationRequest, WatchRotationResponse> WatchRotation { get; } = new(s_rotations, "WatchRotation");

    public static GrpcMethod<AdvanceRotationRequest, Rotation> AdvanceRotation { get; } = new(s_rotations, "AdvanceRotation");

    public static GrpcMethod<RollbackRotationRequest, Rotation> RollbackRotation { get; } = new(s_rotations, "RollbackRotation");

    public static GrpcMethod<ResumeForwardRequest, Rotation> ResumeForward { get; } = new(s_rotations, "ResumeForward");

    public static GrpcMethod<HoldRotationRequest, Rotation> HoldRotation { get; } = new(s_rotations, "HoldRotation");

    public static GrpcMethod<UnholdRotationRequest, Rotation> UnholdRotation { get; } = new(s_rotations, "UnholdRotation");

    public static PagedMethod<ListInstancesRequest, ListInstancesResponse> ListInstances { get; } = new(
        new(s_fleet, "ListInstances"), (request, size, token) => (request.PageSize, request.PageToken) = (size, token),
        response => response.NextPageToken, response => response.NextPageToken = "", response => response.Instances.Count);

    public static GrpcMethod<GetInstanceRequest, Instance> GetInstance { get; } = new(s_fleet, "GetInstance");

    public static GrpcMethod<RetireInstanceRequest, RetireInstanceResponse> RetireInstance { get; } = new(s_fleet, "RetireInstance");

    public static GrpcMethod<RepushSecretsRequest, RepushSecretsResponse> RepushSecrets { get; } = new(s_fleet, "RepushSecrets");

    public static GrpcMethod<ConfirmTrustRequest, Instance> ConfirmTrust { get; } = new(s_fleet, "ConfirmTrust");

    public static GrpcMethod<ConfirmAnchorsRequest, Instance> ConfirmAnchors { get; } = new(s_fleet, "ConfirmAnchors");

    public static PagedMethod<ListLeavesRequest, ListLeavesResponse> ListLeaves { get; } = new(
        new(s_leaves, "ListLeaves"), (request, size, token) => (request.PageSize, request.PageToken) = (size, token),
        response => response.NextPageToken, response => response.NextPageToken = "", response => response.Leaves.Count);

    public static GrpcMethod<CreateTokenRequest, CreateTokenResponse> CreateToken { get; } = new(s_tokens, "CreateToken");

    public static PagedMethod<ListTokensRequest, ListTokensResponse> ListTokens { get; } = new(
        new(s_tokens, "ListTokens"), (request, size, token) => (request.PageSize, request.PageToken) = (size, token),
        response => response.NextPageToken, response => response.NextPageToken = "", response => response.Tokens.Count);

    public static GrpcMethod<DeleteTokenRequest, DeleteTokenResponse> DeleteToken { get; } = new(s_tokens, "DeleteToken");

    public static GrpcMethod<CreateRegistrationRequest, Registration> CreateRegistration { get; } = new(s_registrations, "CreateRegistration");

    public static GrpcMethod<GetRegistrationRequest, Registration> GetRegistration { get; } = new(s_registrations, "GetRegistration");

    public static PagedMethod<ListRegistrationsRequest, ListRegistrationsResponse> ListRegistrations { get; } = new(
        new(s_registrations, "ListRegistrations"), (request, size, token) => (request.PageSize, request.PageToken) = (size, token),
        response => response.NextPageToken, response => response.NextPageToken = "", response => response.Registrations.Count);

    public static GrpcMethod<UpdateRegistrationRequest, Registration> UpdateRegistration { get; } = new(s_registrations, "UpdateRegistration");

    public static GrpcMethod<DeleteRegistrationRequest, DeleteRegistrationResponse> DeleteRegistration { get; } = new(s_registrations, "DeleteRegistration");

    public static PagedMethod<ListEnrolmentsRequest, ListEnrolmentsResponse> ListEnrolments { get; } = new(
        new(s_enrolments, "ListEnrolments"), (request, size, token) => (request.PageSize, request.PageToken) = (size, token),
        response => response.NextPageToken, response => response.NextPageToken = "", response => response.Enrolments.Count);

    public static GrpcMethod<RevokeEnrolmentsRequest, RevokeEnrolmentsResponse> RevokeEnrolments { get; } = new(s_enrolments, "RevokeEnrolments");

    public static GrpcMethod<RotateEnrolmentAuthorityRequest, RotateEnrolmentAuthorityResponse> RotateEnrolmentAuthority { get; } = new(s_enrolments, "RotateEnrolmentAuthority");

    public static PagedMethod<ListAuditEntriesRequest, ListAuditEntriesResponse> ListAuditEntries { get; } = new(
        new(s_audit, "ListAuditEntries"), (request, size, token) => (request.PageSize, request.PageToken) = (size, token),
        response => response.NextPageToken, response => response.NextPageToken = "", response => response.AuditEntries.Count);

    public static GrpcMethod<WatchAuditEntriesRequest, WatchAuditEntriesResponse> WatchAuditEntries { get; } = new(s_audit, "WatchAuditEntries");

    public static GrpcMethod<VerifyAuditLogRequest, VerifyAuditLogResponse> VerifyAuditLog { get; } = new(s_audit, "VerifyAuditLog");

    public static GrpcMethod<ExportAuditLogRequest, ExportAuditLogResponse> ExportAuditLog { get; } = new(s_audit, "ExportAuditLog");
}
