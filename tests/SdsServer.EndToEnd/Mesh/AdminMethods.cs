using Google.Protobuf;
using Google.Protobuf.Reflection;
using SdsServer.Grpc;
using SdsServer.Protos.Admin.V1;

namespace SdsServer.EndToEnd.Mesh;

/// <summary>The methods of the admin API that an operator needs to rotate.</summary>
internal static class AdminMethods
{
    public static GrpcMethod<CreateTokenRequest, CreateTokenResponse> CreateToken { get; } = Method<CreateTokenRequest, CreateTokenResponse>(TokenServiceReflection.Descriptor);

    public static GrpcMethod<GetTrustDomainRequest, TrustDomain> GetTrustDomain { get; } = Method<GetTrustDomainRequest, TrustDomain>(TrustDomainServiceReflection.Descriptor);

    public static GrpcMethod<GetAnchorsRequest, GetAnchorsResponse> GetAnchors { get; } = Method<GetAnchorsRequest, GetAnchorsResponse>(TrustDomainServiceReflection.Descriptor);

    public static GrpcMethod<ConfirmAnchorsRequest, Instance> ConfirmAnchors { get; } = Method<ConfirmAnchorsRequest, Instance>(FleetServiceReflection.Descriptor);

    public static GrpcMethod<ListInstancesRequest, ListInstancesResponse> ListInstances { get; } = Method<ListInstancesRequest, ListInstancesResponse>(FleetServiceReflection.Descriptor);

    public static GrpcMethod<RetireInstanceRequest, RetireInstanceResponse> RetireInstance { get; } = Method<RetireInstanceRequest, RetireInstanceResponse>(FleetServiceReflection.Descriptor);

    public static GrpcMethod<ListAuthoritiesRequest, ListAuthoritiesResponse> ListAuthorities { get; } =
        Method<ListAuthoritiesRequest, ListAuthoritiesResponse>(AuthorityServiceReflection.Descriptor);

    public static GrpcMethod<CreateAuthorityRequest, Authority> CreateAuthority { get; } = Method<CreateAuthorityRequest, Authority>(AuthorityServiceReflection.Descriptor);

    public static GrpcMethod<StartRotationRequest, StartRotationResponse> StartRotation { get; } =
        Method<StartRotationRequest, StartRotationResponse>(RotationServiceReflection.Descriptor);

    public static GrpcMethod<GetRotationRequest, Rotation> GetRotation { get; } = Method<GetRotationRequest, Rotation>(RotationServiceReflection.Descriptor);

    public static GrpcMethod<AdvanceRotationRequest, Rotation> AdvanceRotation { get; } = Method<AdvanceRotationRequest, Rotation>(RotationServiceReflection.Descriptor);

    public static GrpcMethod<RollbackRotationRequest, Rotation> RollbackRotation { get; } = Method<RollbackRotationRequest, Rotation>(RotationServiceReflection.Descriptor);

    public static GrpcMethod<ResumeForwardRequest, Rotation> ResumeForward { get; } = Method<ResumeForwardRequest, Rotation>(RotationServiceReflection.Descriptor);

    public static GrpcMethod<HoldRotationRequest, Rotation> HoldRotation { get; } = Method<HoldRotationRequest, Rotation>(RotationServiceReflection.Descriptor);

    public static GrpcMethod<UnholdRotationRequest, Rotation> UnholdRotation { get; } = Method<UnholdRotationRequest, Rotation>(RotationServiceReflection.Descriptor);

    public static GrpcMethod<CreateRegistrationRequest, Registration> CreateRegistration { get; } = Method<CreateRegistrationRequest, Registration>(RegistrationServiceReflection.Descriptor);

    public static GrpcMethod<DeleteRegistrationRequest, DeleteRegistrationResponse> DeleteRegistration { get; } =
        Method<DeleteRegistrationRequest, DeleteRegistrationResponse>(RegistrationServiceReflection.Descriptor);

    // Every request message here is named after its method.
    private static GrpcMethod<TRequest, TResponse> Method<TRequest, TResponse>(FileDescriptor file)
        where TRequest : class, IMessage<TRequest>, new()
        where TResponse : class, IMessage<TResponse>, new() =>
        new(file.Services.Single(), typeof(TRequest).Name[..^"Request".Length]);
}
