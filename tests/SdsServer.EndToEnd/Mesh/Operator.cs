using Google.Protobuf;
using SdsServer.Grpc;
using SdsServer.Grpc.Client;
using SdsServer.Protos.Admin.V1;
using SdsServer.Testing;

namespace SdsServer.EndToEnd.Mesh;

/// <summary>Someone with access to the server's admin socket.</summary>
internal sealed class Operator(string adminSocket) : IDisposable
{
    private const string Parent = $"trustDomains/{Workloads.TrustDomain}";
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private readonly GrpcChannel _channel = GrpcChannel.ForAddress($"unix://{adminSocket}");

    public async Task<string> CreateTokenAsync(string spiffeId) =>
        (await CallAsync(AdminMethods.CreateToken, new CreateTokenRequest { Parent = Parent, SpiffeId = spiffeId })).Secret;

    public Task<TrustDomain> TrustDomainAsync() => CallAsync(AdminMethods.GetTrustDomain, new GetTrustDomainRequest { Name = Parent });

    /// <summary>Makes a root that is not trusted yet.</summary>
    public Task<Authority> CreateRootAsync(string id) => OrderAsync(
        AdminMethods.CreateAuthority, new CreateAuthorityRequest { Parent = Parent, AuthorityId = id, BuiltInRoot = new NewAuthority() }, (order, revision) => order.ExpectedRevision = revision);

    public Task<GetAnchorsResponse> AnchorsAsync() => CallAsync(AdminMethods.GetAnchors, new GetAnchorsRequest { Name = Parent });

    /// <summary>The word that a proxy's anchors hold the bundle of this epoch.</summary>
    public Task ConfirmAnchorsAsync(string instance, long epoch) =>
        CallAsync(AdminMethods.ConfirmAnchors, new ConfirmAnchorsRequest { Name = instance, Epoch = epoch, Reason = "the anchors file has been replaced" });

    public async Task<IReadOnlyList<Authority>> AuthoritiesAsync() =>
        (await CallAsync(AdminMethods.ListAuthorities, new ListAuthoritiesRequest { Parent = Parent })).Authorities;

    public async Task<IReadOnlyList<Instance>> InstancesAsync(string nodeId) =>
        (await CallAsync(AdminMethods.ListInstances, new ListInstancesRequest { Parent = Parent, Filter = new InstanceFilter { NodeId = nodeId } })).Instances;

    public Task<Rotation> RotationAsync(string name) => CallAsync(AdminMethods.GetRotation, new GetRotationRequest { Name = name });

    /// <summary>Starts a rotation that does not wait longer than its evidence does.</summary>
    /// <param name="id">Its id.</param>
    /// <param name="toAuthority">Resource name of where to; null: to a root made now.</param>
    /// <param name="gates">What opens its gates.</param>
    /// <returns>Its resource name.</returns>
    public async Task<Rotation> StartRotationAsync(string id, string? toAuthority, GateKind gates)
    {
        StartRotationRequest request = new() { RequestId = id, Kind = RotationKind.Planned, Policy = Policy(gates) };
        if (toAuthority is null)
        {
            request.NewAuthority = new NewAuthority { DisplayName = $"root of {id}" };
        }
        else
        {
            request.ToAuthority = toAuthority;
        }

        return await StartRotationAsync(request);
    }

    /// <summary>Starts any rotation.</summary>
    /// <param name="request">All of it but the trust domain and the revision.</param>
    public async Task<Rotation> StartRotationAsync(StartRotationRequest request)
    {
        request.Parent = Parent;
        return (await OrderAsync(AdminMethods.StartRotation, request, (order, revision) => order.ExpectedRevision = revision)).Rotation;
    }

    // The whole fleet at once: what each step does to it is what these stories are about.
    private static RotationPolicy Policy(GateKind gates) => new()
    {
        TrustGate = new GatePolicy { Kind = gates },
        DropGate = new GatePolicy { Kind = gates },
        Waves = { new Wave { Percent = 100 } },
        MaxInFlight = 1_000,
    };

    /// <summary>Approves the step behind a gate.</summary>
    /// <exception cref="RpcException">FAILED_PRECONDITION: the gate is shut.</exception>
    public Task<Rotation> AdvanceAsync(string rotation, GateCode gate) => OrderAsync(
        AdminMethods.AdvanceRotation, new AdvanceRotationRequest { Name = rotation, Gate = gate }, (order, revision) => order.ExpectedRevision = revision);

    /// <summary>Approves the step behind a gate over what is named.</summary>
    public Task<Rotation> AdvanceOverAsync(string rotation, GateCode gate, IEnumerable<string> names) => OrderAsync(
        AdminMethods.AdvanceRotation,
        new AdvanceRotationRequest { Name = rotation, Gate = gate, Override = new GateOverride { Blockers = { names } }, Reason = "it does not come back in time" },
        (order, revision) => order.ExpectedRevision = revision);

    public Task<Rotation> HoldAsync(string rotation) => OrderAsync(
        AdminMethods.HoldRotation, new HoldRotationRequest { Name = rotation, Reason = "to look at it" }, (order, revision) => order.ExpectedRevision = revision);

    public Task<Rotation> UnholdAsync(string rotation) => OrderAsync(
        AdminMethods.UnholdRotation, new UnholdRotationRequest { Name = rotation }, (order, revision) => order.ExpectedRevision = revision);

    public Task<Rotation> RollbackAsync(string rotation) => OrderAsync(
        AdminMethods.RollbackRotation, new RollbackRotationRequest { Name = rotation }, (order, revision) => order.ExpectedRevision = revision);

    public Task<Rotation> ForwardAgainAsync(string rotation) => OrderAsync(
        AdminMethods.ResumeForward, new ResumeForwardRequest { Name = rotation }, (order, revision) => order.ExpectedRevision = revision);

    public Task RetireAsync(string instance) =>
        CallAsync(AdminMethods.RetireInstance, new RetireInstanceRequest { Name = instance, Reason = "its process was stopped" });

    /// <summary>Says whom a workload talks to, by whatever it is known.</summary>
    /// <returns>The registration's resource name.</returns>
    public async Task<string> RegisterPeersAsync(string workload, params string[] peers) => (await CallAsync(AdminMethods.CreateRegistration, new CreateRegistrationRequest
    {
        Parent = Parent,
        Registration = new Registration
        {
            Selectors = { $"spiffe_id:{Workloads.SpiffeId(workload)}" }, SpiffeId = Workloads.SpiffeId(workload), Peers = { peers.Select(Workloads.SpiffeId) },
        },
    })).Name;

    public Task DeleteRegistrationAsync(string name) => CallAsync(AdminMethods.DeleteRegistration, new DeleteRegistrationRequest { Name = name });

    public void Dispose() => _channel.Dispose();

    private Task<TResponse> CallAsync<TRequest, TResponse>(GrpcMethod<TRequest, TResponse> method, TRequest request)
        where TRequest : class, IMessage<TRequest>, new()
        where TResponse : class, IMessage<TResponse>, new() => _channel.UnaryAsync(method, request, new CallOptions(Timeout: Limit));

    // Looks, decides, and looks again if something else came in between.
    private Task<TResponse> OrderAsync<TRequest, TResponse>(GrpcMethod<TRequest, TResponse> method, TRequest request, Action<TRequest, long> expect)
        where TRequest : class, IMessage<TRequest>, new()
        where TResponse : class, IMessage<TResponse>, new() => Condition.AwaitAsync(method.Path, Limit, async _ =>
        {
            expect(request, (await TrustDomainAsync()).Revision);
            try
            {
                return await CallAsync(method, request);
            }
            catch (RpcException raced) when (raced.StatusCode == StatusCode.Aborted)
            {
                return null;
            }
        });
}
