using System.Diagnostics;
using System.Globalization;
using Google.Protobuf.Reflection;
using Google.Protobuf.WellKnownTypes;
using SdsServer.Grpc;
using SdsServer.Grpc.Client;
using SdsServer.Protos.Admin.V1;

namespace SdsServer.Benchmarks.Servers;

/// <summary>The few commands that make the server push.</summary>
internal sealed class AdminApi(string socket) : IDisposable
{
    private const string Domain = "trustDomains/example.org";

    private static readonly GrpcMethod<GetTrustDomainRequest, TrustDomain> GetTrustDomain =
        new(TrustDomainServiceReflection.Descriptor.FindTypeByName<ServiceDescriptor>("TrustDomainService"), "GetTrustDomain");

    private static readonly ServiceDescriptor Authorities = AuthorityServiceReflection.Descriptor.FindTypeByName<ServiceDescriptor>("AuthorityService");
    private static readonly GrpcMethod<ListAuthoritiesRequest, ListAuthoritiesResponse> ListAuthorities = new(Authorities, "ListAuthorities");
    private static readonly GrpcMethod<CreateAuthorityRequest, Authority> CreateAuthority = new(Authorities, "CreateAuthority");
    private static readonly ServiceDescriptor Rotations = RotationServiceReflection.Descriptor.FindTypeByName<ServiceDescriptor>("RotationService");
    private static readonly GrpcMethod<StartRotationRequest, StartRotationResponse> StartRotation = new(Rotations, "StartRotation");
    private static readonly GrpcMethod<RollbackRotationRequest, Rotation> RollbackRotation = new(Rotations, "RollbackRotation");
    private static readonly GrpcMethod<AdvanceRotationRequest, Rotation> AdvanceRotation = new(Rotations, "AdvanceRotation");
    private static readonly GrpcMethod<GetRotationRequest, Rotation> GetRotation = new(Rotations, "GetRotation");

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);
    private static readonly CallOptions Limited = new() { Timeout = TimeSpan.FromSeconds(60) };

    private readonly GrpcChannel _channel = GrpcChannel.ForAddress($"unix://{socket}");
    private int _started;

    /// <summary>
    /// An order to start a rotation to another root, ready to be given: the root is made or found here, so that the order costs no more than
    /// the move. By hand, or each step as soon as it may be taken.
    /// </summary>
    public async Task<StartRotationRequest> PrepareStartAsync(bool manual)
    {
        ListAuthoritiesResponse known = await _channel.UnaryAsync(ListAuthorities, new ListAuthoritiesRequest { Parent = Domain }, Limited);
        TrustDomain domain = await DomainAsync();
        if (known.Authorities.FirstOrDefault(authority => authority.Name != domain.Signer) is not { } other)
        {
            other = await _channel.UnaryAsync(
                CreateAuthority, new CreateAuthorityRequest { Parent = Domain, ExpectedRevision = domain.Revision, BuiltInRoot = new NewAuthority(), Reason = "benchmark" }, Limited);
            domain = await DomainAsync();
        }

        GatePolicy gate = new() { Kind = manual ? GateKind.Approval : GateKind.Ack };
        return new StartRotationRequest
        {
            Parent = Domain,
            ExpectedRevision = domain.Revision,
            RequestId = string.Create(CultureInfo.InvariantCulture, $"benchmark-{++_started}"),
            Kind = RotationKind.Planned,
            ToAuthority = other.Name,
            Policy = new RotationPolicy
            {
                TrustGate = gate,
                WaveGate = gate,
                DropGate = gate,
                Waves = { new Wave { Percent = 100 } },
                MaxInFlight = int.MaxValue,
                TrustSoak = new Duration(),
                DropSoak = new Duration(),
            },
            Reason = "benchmark",
        };
    }

    /// <summary>Gives the order; returns the rotation's name.</summary>
    public async Task<string> StartAsync(StartRotationRequest order) => (await _channel.UnaryAsync(StartRotation, order, Limited)).Rotation.Name;

    /// <summary>Turns back; from before the new root has signed, the next step takes it out of the bundle again.</summary>
    public async Task RollBackAsync(string rotation) => await _channel.UnaryAsync(
        RollbackRotation, new RollbackRotationRequest { Name = rotation, ExpectedRevision = (await DomainAsync()).Revision, Reason = "benchmark" }, Limited);

    /// <summary>Waits until the gate of the next step is open; gives back the order to take it.</summary>
    public async Task<AdvanceRotationRequest> PrepareAdvanceAsync(string rotation)
    {
        Rotation now = await UntilAsync(rotation, now => now.Gate is { Open: true }, "the next gate is open");
        return new AdvanceRotationRequest { Name = rotation, ExpectedRevision = (await DomainAsync()).Revision, Gate = now.Gate.Code, Reason = "benchmark" };
    }

    public async Task AdvanceAsync(AdvanceRotationRequest order) => await _channel.UnaryAsync(AdvanceRotation, order, Limited);

    /// <summary>Waits until the rotation is over, however it ended.</summary>
    public Task<Rotation> EndAsync(string rotation) =>
        UntilAsync(rotation, now => now.State is not (RotationState.Active or RotationState.Unspecified), "it is over");

    public void Dispose() => _channel.Dispose();

    private async Task<Rotation> UntilAsync(string rotation, Func<Rotation, bool> condition, string what)
    {
        long start = Stopwatch.GetTimestamp();
        while (true)
        {
            Rotation now = await _channel.UnaryAsync(GetRotation, new GetRotationRequest { Name = rotation }, Limited);
            if (condition(now))
            {
                return now;
            }

            if (Stopwatch.GetElapsedTime(start) > Patience)
            {
                throw new TimeoutException($"rotation {rotation}: waited {Patience} until {what}; it is {now.State} in {now.Phase}, {now.HoldReason}{now.Gate?.Refusal?.Message}");
            }

            await Task.Delay(2);
        }
    }

    private async Task<TrustDomain> DomainAsync() => await _channel.UnaryAsync(GetTrustDomain, new GetTrustDomainRequest { Name = Domain }, Limited);
}
