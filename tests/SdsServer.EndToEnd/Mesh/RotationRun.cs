using SdsServer.Grpc;
using SdsServer.Protos.Admin.V1;
using SdsServer.Testing;
using RpcStatus = SdsServer.Protos.Google.Rpc.Status;

namespace SdsServer.EndToEnd.Mesh;

/// <summary>A rotation as its operator sees it: one gate after the other.</summary>
internal sealed class RotationRun
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(180);

    private readonly ServiceMesh _mesh;
    private readonly string _name;

    private RotationRun(ServiceMesh mesh, string name) => (_mesh, _name) = (mesh, name);

    /// <summary>The authority it moves to.</summary>
    public required Authority To { get; init; }

    /// <param name="to">Where to; null: to a root made now.</param>
    public static async Task<RotationRun> StartAsync(ServiceMesh mesh, string id, Authority? to = null, GateKind gates = GateKind.Approval)
    {
        Rotation started = await mesh.Operator.StartRotationAsync(id, to?.Name, gates);
        Authority target = (await mesh.Operator.AuthoritiesAsync()).Single(authority => authority.Name == started.ToAuthority);
        return new RotationRun(mesh, started.Name) { To = target };
    }

    /// <param name="request">All of it but the trust domain and the revision.</param>
    public static async Task<RotationRun> StartAsync(ServiceMesh mesh, StartRotationRequest request)
    {
        Rotation started = await mesh.Operator.StartRotationAsync(request);
        Authority target = (await mesh.Operator.AuthoritiesAsync()).Single(authority => authority.Name == started.ToAuthority);
        return new RotationRun(mesh, started.Name) { To = target };
    }

    /// <summary>As the server describes it now.</summary>
    public Task<Rotation> ReadAsync() => _mesh.Operator.RotationAsync(_name);

    /// <summary>Waits until a wave has begun, has reached so many proxies, and all of them use their new leaf.</summary>
    public Task WaveIsThroughAsync(int wave, int proxies) => Condition.AwaitAsync(
        $"wave {wave} to be through with {proxies} proxies", Limit, async _ =>
            (await ReadAsync()).Waves is { } waves && waves.Index == wave && waves.Assigned == proxies && waves.Proven == proxies,
        () => _mesh.Server.Log);

    /// <summary>Waits until this holds it.</summary>
    public Task HeldByAsync(HoldCause cause) => Condition.AwaitAsync(
        $"the rotation to be held by {cause}", Limit, async _ => await ReadAsync() is { Held: true } rotation && rotation.HoldCause == cause, () => _mesh.Server.Log);

    public Task HoldAsync() => _mesh.Operator.HoldAsync(_name);

    public Task UnholdAsync() => _mesh.Operator.UnholdAsync(_name);

    /// <summary>Waits until it has turned.</summary>
    public Task TurnsAsync(Goal goal) => Condition.AwaitAsync($"the rotation to turn {goal}", Limit, async _ => (await ReadAsync()).Goal == goal, () => _mesh.Server.Log);

    /// <summary>Sees an attempt to pass a gate refused.</summary>
    /// <param name="code">For what reason.</param>
    public async Task RefusedAsync(GateCode gate, RefusalCode code)
    {
        RpcException refused = await Assert.ThrowsAsync<RpcException>(() => _mesh.Operator.AdvanceAsync(_name, gate));
        Assert.Equal(StatusCode.FailedPrecondition, refused.StatusCode);
        Assert.Equal(code, RefusalOf(refused).Code);
    }

    /// <summary>Passes a gate over everything of one proxy that keeps it shut; anything else that does must be gone by then.</summary>
    /// <returns>The names it was passed over by.</returns>
    public async Task<IReadOnlyList<string>> PassOverAsync(GateCode gate, Proxy proxy)
    {
        Rotation seen = await Condition.AwaitAsync($"{proxy.NodeId} alone to keep gate {gate} shut", Limit, async _ =>
        {
            Rotation rotation = await ReadAsync();
            return rotation.Gate?.Code == gate && rotation.Gate.Refusal?.Blockers is { Count: > 0 } blockers
                && blockers.All(blocker => blocker.NodeId == proxy.NodeId && blocker.Overridable) ? rotation : null;
        }, () => _mesh.Server.Log);
        string[] names = [.. seen.Gate.Refusal.Blockers.Select(blocker => blocker.Leaf.Length > 0 ? blocker.Leaf : blocker.Subject)];
        await _mesh.Operator.AdvanceOverAsync(_name, gate, [.. names, "soak"]);
        return names;
    }

    /// <summary>Waits until a gate is open.</summary>
    public Task GateOpensAsync(GateCode gate) => Condition.AwaitAsync(
        $"gate {gate} to open", Limit, async _ => await _mesh.Operator.RotationAsync(_name) is { Held: false } rotation && rotation.Gate?.Code == gate && rotation.Gate.Open, () => _mesh.Server.Log);

    /// <summary>Waits until a gate is open and approves the step behind it.</summary>
    public async Task StepAsync(GateCode gate)
    {
        await GateOpensAsync(gate);
        await _mesh.Operator.AdvanceAsync(_name, gate);
    }

    /// <summary>Waits until a proxy is named as the reason why a gate is shut, and sees an attempt to pass it refused.</summary>
    public async Task ShutAsync(GateCode gate, Proxy blocking, params BlockerReason[] reasons)
    {
        Rotation seen = await Condition.AwaitAsync($"{blocking.NodeId} to keep gate {gate} shut", Limit, async _ =>
        {
            Rotation rotation = await _mesh.Operator.RotationAsync(_name);
            return rotation.Gate.Code == gate && Blocks(rotation, blocking, reasons) ? rotation : null;
        }, () => _mesh.Server.Log);
        Assert.False(seen.Gate.Open);
        await RefusedAsync(gate);
    }

    /// <summary>Sees the gate shut by this proxy now, without waiting.</summary>
    public async Task StillShutAsync(GateCode gate, Proxy blocking, params BlockerReason[] reasons)
    {
        Rotation rotation = await _mesh.Operator.RotationAsync(_name);
        Assert.Equal(gate, rotation.Gate.Code);
        Assert.False(rotation.Gate.Open, $"gate {gate} has opened although {blocking.NodeId} stands before it");
        Assert.True(Blocks(rotation, blocking, reasons), $"{blocking.NodeId} is not among the reasons: {rotation.Gate}");
        await RefusedAsync(gate);
    }

    /// <summary>Turns it to where it came from.</summary>
    public Task BackAsync() => _mesh.Operator.RollbackAsync(_name);

    /// <summary>Turns it to where it was going.</summary>
    public Task ForwardAgainAsync() => _mesh.Operator.ForwardAgainAsync(_name);

    /// <summary>Waits for its end.</summary>
    public async Task EndsAsync(RotationState state)
    {
        Rotation? last = null;
        await Condition.AwaitAsync(
            $"the rotation to be {state}", Limit, async _ => (last = await ReadAsync()).State == state, () => $"{last?.State}, held {last?.Held}, {last?.Gate}{Environment.NewLine}{_mesh.Server.Log}");
    }

    /// <summary>Waits for a phase.</summary>
    public Task ReachesAsync(Phase phase) => Condition.AwaitAsync(
        $"phase {phase}", Limit, async _ => (await _mesh.Operator.TrustDomainAsync()).Phase == phase, () => _mesh.Server.Log);

    private static bool Blocks(Rotation rotation, Proxy proxy, BlockerReason[] reasons) =>
        rotation.Gate.Refusal?.Blockers.Any(blocker => blocker.NodeId == proxy.NodeId && reasons.Contains(blocker.Reason)) == true;

    private static Refusal RefusalOf(RpcException refused) => RpcStatus.Parser.ParseFrom(refused.Trailers.GetValueBytes("grpc-status-details-bin")!)
        .Details.Single(detail => detail.Is(Refusal.Descriptor)).Unpack<Refusal>();

    private async Task RefusedAsync(GateCode gate)
    {
        if (gate != GateCode.G4Gone)
        {
            RpcException refused = await Assert.ThrowsAsync<RpcException>(() => _mesh.Operator.AdvanceAsync(_name, gate));
            Assert.Equal(StatusCode.FailedPrecondition, refused.StatusCode);
        }
    }
}
