using System.Collections.Immutable;
using SdsServer.Admin.Mapping;
using SdsServer.Admin.Requests;
using SdsServer.Core.Fleet.Commands;
using SdsServer.Core.Rotation;
using SdsServer.Grpc;
using SdsServer.Grpc.Server;
using Api = SdsServer.Protos.Admin.V1;

namespace SdsServer.Admin;

/// <summary>The commands to a rotation that is under way: advance, turn, hold.</summary>
internal sealed class RotationSteering(
    TrustDomainAccess access,
    RootReadiness readiness,
    RotationReader rotations,
    DomainCommands commands,
    RotationMapper mapper,
    ResourceNames names)
{
    public async Task<Api.Rotation> AdvanceAsync(Api.AdvanceRotationRequest request, OperatorCommand command, ServerCallContext context)
    {
        RequestCheck check = new(names);
        string id = Check(check, request.Name, request.ExpectedRevision, request.Reason);
        Gate? gate = Labels.Of(request.Gate);
        check.Require("gate", gate is not null, "must be the gate you saw in Rotation.gate.code");
        ImmutableHashSet<string> overrides = Overrides(request.Override, check);
        check.Done();
        DomainReading reading = await FindAsync(id, request.ExpectedRevision, context);
        if (reading.Outlook!.Value.Verdict.Gate != gate)
        {
            throw AdminErrors.Refused(DomainCommands.Refusal(
                Api.RefusalCode.WrongPhase,
                $"the rotation stands before gate {reading.Outlook.Value.Verdict.Gate}, not {gate}: look at it again; the next step is to {mapper.MapActive(reading).Gate.NextStep}",
                reading.Outlook.Value.Verdict.Gate));
        }

        return await GiveAsync(command, id, request.ExpectedRevision, context, number => new AdvanceRotation
        {
            Id = number,
            Actor = command.Actor,
            Reason = command.Reason,
            ExpectedDecisions = request.ExpectedRevision,
            Gate = gate,
            Override = overrides,
            ValidateOnly = request.ValidateOnly,
        });
    }

    /// <summary>What an override names, as the engine calls it.</summary>
    private ImmutableHashSet<string> Overrides(Api.GateOverride? named, RequestCheck check)
    {
        HashSet<string> ids = [];
        foreach (string name in named?.Blockers ?? [])
        {
            (string collection, string id) = name is Blocker.SoakName or Blocker.WebhookName ? ("", name) : names.Find(name);
            check.Require(
                "override.blockers",
                id.Length > 0 && collection is "" or ResourceNames.Instances or ResourceNames.Leaves,
                $"must be names of instances or leaves as they stand in the blockers, {Blocker.SoakName} or {Blocker.WebhookName}");
            ids.Add(id);
        }

        return [.. ids];
    }

    public Task<Api.Rotation> RollbackAsync(Api.RollbackRotationRequest request, OperatorCommand command, ServerCallContext context) =>
        TurnAsync(request.Name, request.ExpectedRevision, request.Reason, request.ValidateOnly, RotationGoal.Back, command, context);

    public Task<Api.Rotation> ResumeAsync(Api.ResumeForwardRequest request, OperatorCommand command, ServerCallContext context) =>
        TurnAsync(request.Name, request.ExpectedRevision, request.Reason, request.ValidateOnly, RotationGoal.Forward, command, context);

    public async Task<Api.Rotation> HoldAsync(Api.HoldRotationRequest request, OperatorCommand command, ServerCallContext context)
    {
        string id = await FindAsync(request.Name, request.ExpectedRevision, request.Reason, context);
        return await GiveAsync(command, id, request.ExpectedRevision, context, number =>
            new HoldRotation { Id = number, Actor = command.Actor, Reason = command.Reason, ExpectedDecisions = request.ExpectedRevision });
    }

    public async Task<Api.Rotation> UnholdAsync(Api.UnholdRotationRequest request, OperatorCommand command, ServerCallContext context)
    {
        RequestCheck check = new(names);
        string id = Check(check, request.Name, request.ExpectedRevision, request.Reason);
        HoldCause? cause = Labels.Of(request.Cause);
        check.Require("cause", cause is not null || request.Cause == Api.HoldCause.Unspecified, "must be the Rotation.hold_cause you saw; unset for whatever holds it");
        check.Done();
        await FindAsync(id, request.ExpectedRevision, context);
        return await GiveAsync(command, id, request.ExpectedRevision, context, number =>
            new UnholdRotation
            {
                Id = number,
                Actor = command.Actor,
                Reason = command.Reason,
                ExpectedDecisions = request.ExpectedRevision,
                Cause = cause,
            });
    }

    private async Task<Api.Rotation> TurnAsync(string name, long expected, string reason, bool validateOnly, RotationGoal goal, OperatorCommand command, ServerCallContext context)
    {
        RequestCheck check = new(names);
        string id = Check(check, name, expected, reason);
        check.Done();
        DomainReading reading = await FindAsync(id, expected, context);
        RotationPlan plan = reading.State.Plan!;
        Authority target = reading.State.Authority(goal == RotationGoal.Forward ? plan.To : plan.From);

        // A root that left the bundle is judged anew, and nothing turns back to a stolen one: said here, so that a dry run says it, too.
        if ((target.Tainted || !reading.State.Trusts(target.RootId)) && await readiness.JudgeAsync(reading.State, target, context.CancellationToken) is { } unfit)
        {
            throw AdminErrors.Refused(unfit);
        }

        return await GiveAsync(command, id, expected, context, number =>
            new TurnRotation { Id = number, Actor = command.Actor, Reason = command.Reason, ExpectedDecisions = expected, Goal = goal, ValidateOnly = validateOnly });
    }

    private async Task<Api.Rotation> GiveAsync(OperatorCommand command, string id, long expected, ServerCallContext context, Func<long, EngineCommand> order)
    {
        CommandOutcome outcome = await access.OrderAsync(command, order);
        await commands.RequireDoneAsync(outcome, expected, names.Rotation(id), "name", context.CancellationToken);
        return await rotations.ReadAsync(id, context.CancellationToken);
    }

    private async Task<string> FindAsync(string name, long expected, string reason, ServerCallContext context)
    {
        RequestCheck check = new(names);
        string id = Check(check, name, expected, reason);
        check.Done();
        await FindAsync(id, expected, context);
        return id;
    }

    private static string Check(RequestCheck check, string name, long expected, string reason)
    {
        string id = check.Id("name", name, ResourceNames.Rotations);
        check.Revision(expected);
        check.Reason(reason);
        return id;
    }

    /// <summary>A reading in which this rotation is under way, at the revision the caller decided on.</summary>
    private async Task<DomainReading> FindAsync(string id, long expected, ServerCallContext context)
    {
        DomainReading reading = await access.ReadAsync(DomainReading.Of, context.CancellationToken);
        if (reading.State.Plan?.Id == id)
        {
            commands.RequireRevision(reading, expected);
            return reading;
        }

        throw reading.State.Past.FirstOrDefault(past => past.Id == id) is { } past
            ? AdminErrors.Refused(DomainCommands.Refusal(
                Api.RefusalCode.RotationFinished,
                $"rotation '{id}' ended at {past.EndedAt:u}; '{reading.State.Signer}' signs. To go elsewhere start another rotation"))
            : rotations.Missing(id);
    }
}
