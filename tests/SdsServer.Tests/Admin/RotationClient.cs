using Google.Protobuf.WellKnownTypes;
using SdsServer.Admin;
using SdsServer.Protos.Admin.V1;

namespace SdsServer.Tests.Admin;

/// <summary>Rotation calls with what every test states the same way.</summary>
internal sealed class RotationClient(AdminHost host)
{
    public async Task<StartRotationResponse> StartAsync(string id, Action<StartRotationRequest>? change = null)
    {
        StartRotationRequest request = new()
        {
            Parent = AdminHost.Domain,
            ExpectedRevision = await host.RevisionAsync(),
            RequestId = id,
            Kind = RotationKind.Planned,
            NewAuthority = new NewAuthority(),
            Reason = "test",
        };
        change?.Invoke(request);
        return await host.CallAsync<StartRotationRequest, StartRotationResponse>(RotationService.Descriptor, "StartRotation", request);
    }

    public Task<StartRotationResponse> StartManuallyAsync(string id) =>
        StartAsync(id, request => request.Policy = ByHand());

    /// <summary>Every step waits for an operator.</summary>
    public static RotationPolicy ByHand() => new()
    {
        TrustGate = new GatePolicy { Kind = GateKind.Approval },
        WaveGate = new GatePolicy { Kind = GateKind.Approval },
        DropGate = new GatePolicy { Kind = GateKind.Approval },
    };

    public Task<Rotation> GetAsync(string id) =>
        host.CallAsync<GetRotationRequest, Rotation>(RotationService.Descriptor, "GetRotation", new GetRotationRequest { Name = Name(id) });

    public async Task<Rotation> AdvanceAsync(string id, GateCode gate, Action<AdvanceRotationRequest>? change = null)
    {
        AdvanceRotationRequest request = new() { Name = Name(id), ExpectedRevision = await host.RevisionAsync(), Gate = gate, Reason = "looks good" };
        change?.Invoke(request);
        return await host.CallAsync<AdvanceRotationRequest, Rotation>(RotationService.Descriptor, "AdvanceRotation", request);
    }

    public async Task<Rotation> RollbackAsync(string id, bool validateOnly = false) => await host.CallAsync<RollbackRotationRequest, Rotation>(
        RotationService.Descriptor, "RollbackRotation",
        new RollbackRotationRequest { Name = Name(id), ExpectedRevision = await host.RevisionAsync(), ValidateOnly = validateOnly, Reason = "canary fails" });

    public async Task<Rotation> ResumeAsync(string id) => await host.CallAsync<ResumeForwardRequest, Rotation>(
        RotationService.Descriptor, "ResumeForward", new ResumeForwardRequest { Name = Name(id), ExpectedRevision = await host.RevisionAsync() });

    public async Task<Rotation> HoldAsync(string id, string reason) => await host.CallAsync<HoldRotationRequest, Rotation>(
        RotationService.Descriptor, "HoldRotation", new HoldRotationRequest { Name = Name(id), ExpectedRevision = await host.RevisionAsync(), Reason = reason });

    public async Task<Rotation> UnholdAsync(string id, HoldCause cause = HoldCause.Unspecified) => await host.CallAsync<UnholdRotationRequest, Rotation>(
        RotationService.Descriptor, "UnholdRotation",
        new UnholdRotationRequest { Name = Name(id), ExpectedRevision = await host.RevisionAsync(), Reason = "false alarm", Cause = cause });

    public Task UntilAsync(string id, string what, Func<Rotation, bool> condition) =>
        AdminHost.UntilAsync(what, async () => condition(await GetAsync(id)));

    public Task UntilOverAsync(string id) => UntilAsync(id, "the rotation to end", rotation => rotation.State != RotationState.Active);

    /// <summary>Waits until the next step of a manual rotation may be approved, and approves it.</summary>
    public async Task StepAsync(string id, GateCode gate)
    {
        await UntilAsync(id, $"gate {gate} to open", rotation => rotation.Gate is { Open: true, AwaitingApproval: true } open && open.Code == gate);
        await AdvanceAsync(id, gate);
    }

    public static string Name(string id) => $"{AdminHost.Domain}/rotations/{id}";

    public static Duration Days(int days) => Duration.FromTimeSpan(TimeSpan.FromDays(days));
}
