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

    private static readonly ServiceDescriptor Rotations = RotationServiceReflection.Descriptor.FindTypeByName<ServiceDescriptor>("RotationService");
    private static readonly GrpcMethod<StartRotationRequest, StartRotationResponse> StartRotation = new(Rotations, "StartRotation");
    private static readonly GrpcMethod<RollbackRotationRequest, Rotation> RollbackRotation = new(Rotations, "RollbackRotation");
    private static readonly GrpcMethod<AdvanceRotationRequest, Rotation> AdvanceRotation = new(Rotations, "AdvanceRotation");
    private static readonly GrpcMethod<GetRotationRequest, Rotation> GetRotation = new(Rotations, "GetRotation");

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);
    private static readonly CallOptions Limited = new() { Timeout = TimeSpan.FromSeconds(60) };

    private readonly GrpcChannel _channel = GrpcChannel.ForAddress($"unix://{socket}");
    private int _started;

    /// <summary>Starts a rotation to a new root; with every step by hand, or with each as soon as it may be.</summary>
    public async Task<string> StartAsync(bool manual)
    {
        StartRotationResponse started = await _channel.UnaryAsync(StartRotation, new StartRotationRequest
        {
            Parent = Domain,
            ExpectedRevision = await RevisionAsync(),
            RequestId = string.Create(CultureInfo.InvariantCulture, $"benchmark-{++_started}"),
            Kind = RotationKind.Planned,
            NewAuthority = new NewAuthority(),
            Policy = new RotationPolicy
            {
                Advance = manual ? AdvanceMode.Manual : AdvanceMode.Automatic,
                TrustSoak = new Duration(),
                DropSoak = new Duration(),
            },
            Reason = "benchmark",
        }, Limited);
        return started.Rotation.Name;
    }

    /// <summary>Turns back; from before the new root has signed, this takes it out of the bundle again.</summary>
    public async Task RollBackAsync(string rotation) =>
        await _channel.UnaryAsync(RollbackRotation, new RollbackRotationRequest { Name = rotation, ExpectedRevision = await RevisionAsync(), Reason = "benchmark" }, Limited);

    /// <summary>Waits until the gate of the next step is open, and gives back which it is.</summary>
    public async Task<GateCode> NextGateAsync(string rotation) =>
        (await UntilAsync(rotation, now => now.Gate is { Open: true }, "the next gate is open")).Gate.Code;

    public async Task AdvanceAsync(string rotation, GateCode gate) =>
        await _channel.UnaryAsync(AdvanceRotation, new AdvanceRotationRequest { Name = rotation, ExpectedRevision = await RevisionAsync(), Gate = gate, Reason = "benchmark" }, Limited);

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

    private async Task<long> RevisionAsync() => (await _channel.UnaryAsync(GetTrustDomain, new GetTrustDomainRequest { Name = Domain }, Limited)).Revision;
}
