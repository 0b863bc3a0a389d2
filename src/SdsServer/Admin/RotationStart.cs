using System.Security.Cryptography;
using System.Text;
using SdsServer.Admin.Mapping;
using SdsServer.Admin.Requests;
using SdsServer.Core.Fleet;
using SdsServer.Core.Fleet.Commands;
using SdsServer.Core.Pki;
using SdsServer.Core.Rotation;
using SdsServer.Grpc;
using SdsServer.Grpc.Server;
using Api = SdsServer.Protos.Admin.V1;
using Authority = SdsServer.Core.Rotation.Authority;

namespace SdsServer.Admin;

/// <summary>StartRotation: the one command of several steps. It ends in a rotation, or leaves nothing behind.</summary>
internal sealed class RotationStart(
    TrustDomainAccess access,
    NewRoots roots,
    RootReadiness readiness,
    RotationReader rotations,
    DomainCommands commands,
    RotationMapper mapper,
    PolicyMapper policies,
    ForecastMapper forecasts,
    RefusalMapper refusals,
    ResourceNames names,
    TimeProvider time)
{
    private const int IdBytes = 6;

    public async Task<Api.StartRotationResponse> StartAsync(Api.StartRotationRequest request, OperatorCommand command, ServerCallContext context)
    {
        (RotationPolicy policy, string target, AuthorityProfile? profile) = Check(request);
        using IDisposable turn = await roots.EnterAsync(context.CancellationToken);
        DomainReading reading = await access.ReadAsync(DomainReading.Of, context.CancellationToken);
        if (request.RequestId.Length > 0 && Begun(reading.State, request.RequestId) is { } begun)
        {
            return begun == target
                ? new Api.StartRotationResponse { Rotation = await rotations.ReadAsync(request.RequestId, context.CancellationToken), Forecast = new Api.Forecast() }
                : throw AdminErrors.RequestIdReused(names.Rotation(request.RequestId), $"it went to '{begun}'; choose a request_id that was not used yet");
        }

        commands.RequireRevision(reading, request.ExpectedRevision);
        if (profile is null && reading.State.Authorities.All(authority => authority.Id != target))
        {
            throw AdminErrors.NotFound(names.Authority(target), "ListAuthorities shows those there are; new_authority makes one");
        }

        IReadOnlyList<InstanceView> instances = await access.ReadAsync(engine => engine.Instances(), context.CancellationToken);
        Api.Forecast forecast = forecasts.Map(reading.State, instances, policy, time.GetUtcNow());
        if (reading.State.Plan is { } running)
        {
            forecast.Refusal = DomainCommands.Refusal(Api.RefusalCode.RotationActive, $"rotation '{running.Id}' is under way: let it finish, or roll it back");
        }

        return request.ValidateOnly
            ? await ValidateAsync(request, reading, policy, profile is null ? target : "", forecast, command, context)
            : await BeginAsync(request, reading, policy, target, profile, forecast, command, context);
    }

    private (RotationPolicy Policy, string Target, AuthorityProfile? Profile) Check(Api.StartRotationRequest request)
    {
        RequestCheck check = new(names);
        check.TrustDomain("parent", request.Parent);
        check.Revision(request.ExpectedRevision);
        if (!request.ValidateOnly || request.RequestId.Length > 0)
        {
            check.NewId("request_id", request.RequestId);
        }

        check.Require(
            "kind",
            request.Kind == Api.RotationKind.Planned,
            request.Kind is Api.RotationKind.Emergency or Api.RotationKind.Intermediate
                ? "must be PLANNED: this server does no emergency and no intermediate rotations; a planned one without soaks is the fastest"
                : "must be PLANNED");
        check.Reason(request.Reason);
        RotationPolicy policy = policies.Read(request.Policy, check);
        string target = "";
        AuthorityProfile? profile = null;
        switch (request.TargetCase)
        {
            case Api.StartRotationRequest.TargetOneofCase.ToAuthority:
                target = check.Id("to_authority", request.ToAuthority, ResourceNames.Authorities);
                break;
            case Api.StartRotationRequest.TargetOneofCase.NewAuthority:
                profile = roots.Read(check, "new_authority", request.NewAuthority, policy.TrustSoak + policy.DropSoak);
                target = IdFor(request.RequestId);
                break;
            default:
                check.Wrong("target", "must be to_authority, or new_authority for one that is made now");
                break;
        }

        check.Done();
        return (policy, target, profile);
    }

    private async Task<Api.StartRotationResponse> ValidateAsync(
        Api.StartRotationRequest request, DomainReading reading, RotationPolicy policy, string target, Api.Forecast forecast, OperatorCommand command, ServerCallContext context)
    {
        if (forecast.Refusal is null && target.Length > 0)
        {
            forecast.Refusal = await readiness.OpenAsync(reading.State.Authority(target), context.CancellationToken);
            if (forecast.Refusal is null)
            {
                CommandOutcome outcome = await access.OrderAsync(command, number => Order(number, request, target, policy, command, request.ExpectedRevision) with { ValidateOnly = true });
                if (outcome.Status == CommandStatus.Refused)
                {
                    forecast.Refusal = refusals.Map(outcome.Refusal!, outcome.Message);
                }
                else
                {
                    await commands.RequireDoneAsync(outcome, request.ExpectedRevision, request.ToAuthority, "to_authority", context.CancellationToken);
                }
            }
        }

        return new Api.StartRotationResponse { Rotation = mapper.MapPlanned(reading.State, target, policy), Forecast = forecast };
    }

    private async Task<Api.StartRotationResponse> BeginAsync(
        Api.StartRotationRequest request,
        DomainReading reading,
        RotationPolicy policy,
        string target,
        AuthorityProfile? profile,
        Api.Forecast forecast,
        OperatorCommand command,
        ServerCallContext context)
    {
        if (forecast.Refusal is not null)
        {
            throw AdminErrors.Refused(forecast.Refusal);
        }

        // A root of a new start that is known already was left by a process that ended in between.
        (Authority authority, long revision) = reading.State.Authorities.FirstOrDefault(known => known.Id == target) is { } known
            ? (known, request.ExpectedRevision)
            : await MakeAsync(request, reading.State, target, profile!, command, context);
        bool made = profile is not null;
        RpcException? error = await readiness.OpenAsync(authority, context.CancellationToken) is { } unready
            ? AdminErrors.Refused(unready)
            : await OrderAsync();
        if (error is not null)
        {
            if (made)
            {
                await roots.RemoveAsync(target, command, $"rotation '{request.RequestId}' did not start", null, reading.State.Term);
            }

            throw error;
        }

        return new Api.StartRotationResponse { Rotation = await rotations.ReadAsync(request.RequestId, context.CancellationToken), Forecast = forecast };

        async Task<RpcException?> OrderAsync()
        {
            CommandOutcome outcome = await access.OrderAsync(command, number => Order(number, request, target, policy, command, revision));
            return await commands.ErrorAsync(outcome, request.ExpectedRevision, names.Authority(target), made ? "request_id" : "to_authority", context.CancellationToken);
        }
    }

    private async Task<(Authority Authority, long Revision)> MakeAsync(
        Api.StartRotationRequest request, TrustState state, string id, AuthorityProfile profile, OperatorCommand command, ServerCallContext context)
    {
        CommandOutcome outcome = await roots.AddAsync(
            id, profile, command, state.Term, add => add with { ExpectedDecisions = request.ExpectedRevision });
        await commands.RequireDoneAsync(outcome, request.ExpectedRevision, names.Authority(id), "request_id", context.CancellationToken);
        return (outcome.State.Authority(id), outcome.State.Decisions);
    }

    private static StartRotation Order(long number, Api.StartRotationRequest request, string target, RotationPolicy policy, OperatorCommand command, long revision) => new()
    {
        Id = number,
        Actor = command.Actor,
        Reason = command.Reason,
        ExpectedDecisions = revision,
        RequestId = request.RequestId,
        RotationId = request.RequestId,
        To = target,
        Policy = policy,
    };

    private static string? Begun(TrustState state, string requestId) =>
        state.Plan is { } plan && plan.RequestId == requestId ? plan.To
        : state.Past.FirstOrDefault(past => past.RequestId == requestId)?.To;

    // The same request makes the same id: sent again after a crash in between, it finds the root it has made.
    internal static string IdFor(string requestId) =>
        $"root-{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"rotation {requestId}")).AsSpan(0, IdBytes))}";
}
