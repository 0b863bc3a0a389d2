using System.Security.Cryptography;
using System.Text;
using SdsServer.Admin.Mapping;
using SdsServer.Admin.Requests;
using SdsServer.Core.Authorities;
using SdsServer.Core.Fleet;
using SdsServer.Core.Fleet.Commands;
using SdsServer.Core.Pki;
using SdsServer.Core.Rotation;
using SdsServer.Grpc;
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

    /// <exception cref="RpcException">It was not started.</exception>
    public async Task<Api.StartRotationResponse> StartAsync(Api.StartRotationRequest request, OperatorCommand command, CancellationToken cancellation)
    {
        Asked asked = Check(request);
        using IDisposable turn = await roots.EnterAsync(cancellation);
        DomainReading reading = await access.ReadAsync(DomainReading.Of, cancellation);
        TrustState state = reading.State;
        if (request.RequestId.Length > 0 && Begun(state, request.RequestId) is { } begun)
        {
            return begun == asked.Target
                ? new Api.StartRotationResponse
                {
                    Rotation = await rotations.ReadAsync(request.RequestId, cancellation),
                    Forecast = new Api.Forecast(),
                    StartedBefore = true,
                    NotHeeded = { NotHeeded(state, request, asked) },
                }
                : throw AdminErrors.RequestIdReused(names.Rotation(request.RequestId), $"it went to '{begun}'; choose a request_id that was not used yet");
        }

        commands.RequireRevision(reading, request.ExpectedRevision);
        if (asked.Profile is null && state.Authorities.All(authority => authority.Id != asked.Target))
        {
            throw AdminErrors.NotFound(names.Authority(asked.Target), "ListAuthorities shows those there are; new_authority makes one");
        }

        Authority? stolen = asked.Compromised is null ? null : state.Authorities.FirstOrDefault(authority => authority.Id == asked.Compromised)
            ?? throw AdminErrors.NotFound(names.Authority(asked.Compromised), "ListAuthorities shows those there are; compromised_authority names the stolen one");

        ForecastFleet fleet = await access.ReadAsync(engine => ForecastFleet.Of(engine, asked.Kind, asked.Policy, request.RequestId, asked.Target, stolen), cancellation);
        Api.Forecast forecast = forecasts.Map(state, fleet, asked.Kind, asked.Policy, time.GetUtcNow());
        if (state.Plan is { } running && !Preempts(asked, running))
        {
            forecast.Refusal = DomainCommands.Refusal(Api.RefusalCode.RotationActive, running.Kind == RotationKind.Emergency
                ? $"emergency '{running.Id}' away from '{running.From}' is under way: pass over who holds it up, or let it finish. Only an emergency about another root takes its place:"
                    + $" it names that root, such as '{running.To}', as compromised_authority, also where that only does not sign"
                : $"rotation '{running.Id}' is under way: let it finish, or roll it back");
        }
        else if (state.Plan is { } preempted && stolen is null)
        {
            throw AdminErrors.Invalid(
                "compromised_authority", $"must be set while rotation '{preempted.Id}' is under way between '{preempted.From}' and '{preempted.To}': say which of them is stolen");
        }
        else if (stolen is not null && !state.Trusts(stolen.RootId))
        {
            forecast.Refusal = DomainCommands.Refusal(
                Api.RefusalCode.NotTrusted, $"the root of '{stolen.Id}' is not in the bundle: nobody trusts it, so there is nothing to move away from");
        }

        return request.ValidateOnly
            ? await ValidateAsync(request, reading, asked, forecast, command, cancellation)
            : await BeginAsync(request, reading, asked, forecast, command, cancellation);
    }

    private Asked Check(Api.StartRotationRequest request)
    {
        RequestCheck check = new(names);
        check.TrustDomain("parent", request.Parent);
        check.Revision(request.ExpectedRevision);
        if (!request.ValidateOnly || request.RequestId.Length > 0)
        {
            check.NewId("request_id", request.RequestId);
        }

        RotationKind? kind = Labels.Of(request.Kind);
        check.Require("kind", kind is not null, "must be PLANNED, EMERGENCY or INTERMEDIATE");
        check.Reason(request.Reason);
        RotationPolicy policy = policies.Read(request.Policy, kind, check);
        check.Require("policy.force_at_deadlines", !policy.ForceAtDeadlines || kind == RotationKind.Emergency, "belongs to kind EMERGENCY: nothing else has deadlines that pass over anybody");
        string? compromised = null;
        if (request.CompromisedAuthority.Length > 0)
        {
            check.Require("compromised_authority", kind == RotationKind.Emergency, "belongs to kind EMERGENCY");
            compromised = check.Id("compromised_authority", request.CompromisedAuthority, ResourceNames.Authorities);
        }

        string target = "";
        AuthorityProfile? profile = null;
        switch (request.TargetCase)
        {
            case Api.StartRotationRequest.TargetOneofCase.ToAuthority:
                target = check.Id("to_authority", request.ToAuthority, ResourceNames.Authorities);
                break;
            case Api.StartRotationRequest.TargetOneofCase.NewAuthority:
                TimeSpan waits = kind == RotationKind.Planned ? PlanWaits.All(policy) : TimeSpan.Zero;
                profile = roots.Read(check, "new_authority", request.NewAuthority, waits, below: kind == RotationKind.Intermediate);
                target = IdFor(request.RequestId, kind == RotationKind.Intermediate);
                break;
            default:
                check.Wrong("target", "must be to_authority, or new_authority for one that is made now");
                break;
        }

        check.Done();
        return new Asked(kind!.Value, policy, target, profile, compromised);
    }

    private async Task<Api.StartRotationResponse> ValidateAsync(
        Api.StartRotationRequest request, DomainReading reading, Asked asked, Api.Forecast forecast, OperatorCommand command, CancellationToken cancellation)
    {
        string target = asked.Profile is null ? asked.Target : "";
        forecast.Refusal ??= target.Length == 0
            ? await RehearseAsync(reading.State, asked, cancellation)
            : await readiness.OpenAsync(reading.State.Authority(target), cancellation);
        if (forecast.Refusal is null)
        {
            CommandOutcome outcome = await access.OrderAsync(
                command, number => Order(number, request, asked, command, request.ExpectedRevision) with { To = target, ValidateOnly = true });
            if (outcome.Status == CommandStatus.Refused)
            {
                forecast.Refusal = refusals.Map(outcome.Refusal!, outcome.Message);
            }
            else
            {
                await commands.RequireDoneAsync(outcome, request.ExpectedRevision, request.ToAuthority, "to_authority", cancellation);
            }
        }

        string from = asked.Kind == RotationKind.Emergency ? asked.Compromised ?? reading.State.Signer : reading.State.Signer;
        return new Api.StartRotationResponse { Rotation = mapper.MapPlanned(reading.State, asked.Kind, from, target, asked.Policy), Forecast = forecast };
    }

    private async Task<Api.Refusal?> RehearseAsync(TrustState state, Asked asked, CancellationToken cancellation)
    {
        (Authority? issuer, Api.Refusal? refusal) = Issuer(state, asked);
        return refusal ?? await readiness.RehearseAsync(state, asked.Profile!, issuer, cancellation);
    }

    private async Task<Api.StartRotationResponse> BeginAsync(
        Api.StartRotationRequest request, DomainReading reading, Asked asked, Api.Forecast forecast, OperatorCommand command, CancellationToken cancellation)
    {
        if (forecast.Refusal is not null)
        {
            throw AdminErrors.Refused(forecast.Refusal);
        }

        // An authority of a new start that is known already was left by a process that ended in between.
        (Authority authority, long revision) = reading.State.Authorities.FirstOrDefault(known => known.Id == asked.Target) is { } known
            ? (known, request.ExpectedRevision)
            : await MakeAsync(request, reading.State, asked, command, cancellation);
        bool made = asked.Profile is not null;
        RpcException? error = await readiness.OpenAsync(authority, cancellation) is { } unready
            ? AdminErrors.Refused(unready)
            : await OrderAsync();
        if (error is not null)
        {
            if (made)
            {
                await roots.RemoveAsync(asked.Target, command, $"rotation '{request.RequestId}' did not start", null, reading.State.Term);
            }

            throw error;
        }

        return new Api.StartRotationResponse { Rotation = await rotations.ReadAsync(request.RequestId, cancellation), Forecast = forecast };

        async Task<RpcException?> OrderAsync()
        {
            CommandOutcome outcome = await access.OrderAsync(command, number => Order(number, request, asked, command, revision));
            return await commands.ErrorAsync(outcome, request.ExpectedRevision, names.Authority(asked.Target), made ? "request_id" : "to_authority", cancellation);
        }
    }

    private async Task<(Authority Authority, long Revision)> MakeAsync(
        Api.StartRotationRequest request, TrustState state, Asked asked, OperatorCommand command, CancellationToken cancellation)
    {
        (Authority? issuer, Api.Refusal? refusal) = Issuer(state, asked);
        if (refusal is not null)
        {
            throw AdminErrors.Refused(refusal);
        }

        // The root's key opens now, not while the new one is made.
        if (issuer is not null && await readiness.OpenAsync(issuer, cancellation) is { } closed)
        {
            throw AdminErrors.Refused(closed);
        }

        CommandOutcome outcome;
        try
        {
            outcome = await roots.AddAsync(asked.Target, asked.Profile!, issuer, command, state, request.ExpectedRevision);
        }
        catch (IssuanceException cannot)
        {
            throw AdminErrors.Refused(DomainCommands.Refusal(Api.RefusalCode.CandidateUnfit, cannot.Message, Gate.G0));
        }

        await commands.RequireDoneAsync(outcome, request.ExpectedRevision, names.Authority(asked.Target), "request_id", cancellation);
        return (outcome.State.Authority(asked.Target), outcome.State.Decisions);
    }

    // Who signs the new authority: nobody else for a root, the root that signs now for an intermediate.
    private static (Authority? Issuer, Api.Refusal? Refusal) Issuer(TrustState state, Asked asked)
    {
        if (asked.Kind != RotationKind.Intermediate)
        {
            return (null, null);
        }

        return BuiltInIntermediate.IssuerBeside(state, state.Authority(state.Signer)) is { } issuer
            ? (issuer, null)
            : (null, DomainCommands.Refusal(
                Api.RefusalCode.CandidateUnfit, $"the key of the root above '{state.Signer}' is not here, or tainted: no intermediate can be made below it", Gate.G0));
    }

    // As the engine has it: a thief may take the new root of an emergency, too.
    private static bool Preempts(Asked asked, RotationPlan running) =>
        asked.Kind == RotationKind.Emergency && (running.Kind != RotationKind.Emergency || (asked.Compromised is { } stolen && stolen != running.From));

    private static StartRotation Order(long number, Api.StartRotationRequest request, Asked asked, OperatorCommand command, long revision) => new()
    {
        Id = number,
        Actor = command.Actor,
        Reason = command.Reason,
        ExpectedDecisions = revision,
        RequestId = request.RequestId,
        RotationId = request.RequestId,
        Kind = asked.Kind,
        Compromised = asked.Compromised,
        To = asked.Target,
        Policy = asked.Policy,
    };

    private static string? Begun(TrustState state, string requestId) =>
        state.Plan is { } plan && plan.RequestId == requestId ? plan.To
        : state.Past.FirstOrDefault(past => past.RequestId == requestId)?.To;

    // Only what the request states: what it leaves to the settings may have changed with them since.
    private static IEnumerable<string> NotHeeded(TrustState state, Api.StartRotationRequest request, Asked asked)
    {
        RotationPlan? plan = state.Plan is { } running && running.RequestId == request.RequestId ? running : null;
        PastRotation? past = plan is null ? state.Past.First(past => past.RequestId == request.RequestId) : null;
        Api.RotationPolicy stated = request.Policy ?? new Api.RotationPolicy();
        RotationPolicy kept = plan?.Policy ?? asked.Policy;
        (string Field, bool Differs)[] fields =
        [
            ("kind", asked.Kind != (plan?.Kind ?? past!.Kind)),
            ("compromised_authority", asked.Compromised is { } stolen && stolen != (plan?.From ?? past!.From)),
            ("policy.waves", stated.Waves.Count > 0 && !asked.Policy.Waves.Select(WaveMapper.Map).SequenceEqual(kept.Waves.Select(WaveMapper.Map))),
            ("policy.trust_gate", stated.TrustGate is not null && asked.Policy.TrustGate != kept.TrustGate),
            ("policy.wave_gate", stated.WaveGate is not null && asked.Policy.WaveGate != kept.WaveGate),
            ("policy.drop_gate", stated.DropGate is not null && asked.Policy.DropGate != kept.DropGate),
        ];
        return fields.Where(field => field.Differs).Select(field => field.Field);
    }

    // The same request makes the same id: sent again after a crash in between, it finds the authority it has made.
    internal static string IdFor(string requestId, bool intermediate = false) =>
        $"{(intermediate ? "intermediate" : "root")}-{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"rotation {requestId}")).AsSpan(0, IdBytes))}";

    /// <summary>What a start asks for, checked.</summary>
    /// <param name="Target">Id of the authority to go to, also where it is made now.</param>
    /// <param name="Profile">How it is made; null where it exists.</param>
    /// <param name="Compromised">Id of the authority whose root is stolen; null: not stated.</param>
    private sealed record Asked(RotationKind Kind, RotationPolicy Policy, string Target, AuthorityProfile? Profile, string? Compromised);
}
