using SdsServer.Core.Fleet.Commands;
using SdsServer.Core.Rotation;

namespace SdsServer.Core.Fleet;

/// <summary>
/// The role table of Open Service Mesh as a view of the state, and edits of it as the moves they mean (rule E13). No edit passes a
/// guard, and none skips a row of the table.
/// </summary>
public sealed partial class TrustDomainEngine
{
    /// <summary>What an authority does now.</summary>
    public AuthorityRole RoleOf(Authority authority)
    {
        if (!_state.Trusts(authority.RootId))
        {
            return AuthorityRole.Inactive;
        }

        bool signs = _state.Signer == authority.Id || (_state.Plan is { WavesBegun: > 0 } plan && plan.To == authority.Id);
        return signs || _needs.SignedBy(authority.Id) > 0 ? AuthorityRole.Active : AuthorityRole.Passive;
    }

    private void Set(SetRole order)
    {
        if (_state.Authorities.FirstOrDefault(known => known.Id == order.AuthorityId) is not { } authority)
        {
            Answer(order, CommandStatus.NotFound, $"there is no authority '{order.AuthorityId}'");
            return;
        }

        AuthorityRole now = RoleOf(authority);
        if (now == order.Role)
        {
            Answer(order, CommandStatus.Done, $"authority '{authority.Id}' is {Word(now)} already");
            return;
        }

        if ((now, order.Role) is (AuthorityRole.Active, AuthorityRole.Inactive) or (AuthorityRole.Inactive, AuthorityRole.Active))
        {
            RefuseRole(order, $"from {Word(now)} the next role is passive, never {Word(order.Role)} at once: somebody would be refused");
            return;
        }

        switch (now, order.Role)
        {
            case (AuthorityRole.Inactive, _) when _state.Plan is null: StartByRole(order); break;
            case (AuthorityRole.Inactive, _): Walk(order, authority, becomesTarget: true, MoveKind.AddTrust); break;
            case (AuthorityRole.Passive, AuthorityRole.Active): Walk(order, authority, becomesTarget: true, MoveKind.SetSigner); break;
            case (AuthorityRole.Active, _): Retreat(order, authority); break;
            default: Walk(order, authority, becomesTarget: false, MoveKind.DropTrust); break;
        }
    }

    private void StartByRole(SetRole order) => Start(new StartRotation
    {
        Id = order.Id,
        Actor = order.Actor,
        Reason = order.Reason,
        RequestId = order.RotationId,
        RotationId = order.RotationId,
        To = order.AuthorityId,
        ValidateOnly = order.ValidateOnly,
        Policy = order.Policy with { TrustGate = GatePolicy.Approval, WaveGate = GatePolicy.Approval, DropGate = GatePolicy.Approval, Waves = [] },
    });

    // active to passive: somebody else signs for everyone, and nothing that this one signed is out any more.
    private void Retreat(SetRole order, Authority authority)
    {
        if (_state.Plan is not { } plan || (authority.Id != plan.From && authority.Id != plan.To))
        {
            RefuseRole(order, $"'{authority.Id}' is the only authority that signs: make another one active first");
        }
        else if (authority.Id == plan.Target || _state.Signer != plan.Target)
        {
            Walk(order, authority, becomesTarget: false, MoveKind.SetSigner);
        }
        else
        {
            Verdict verdict = RotationPlanner.Next(_state, Facts(plan), _clock.Reckoned);
            Refusal refusal = Explain(_state, verdict) with { Code = "leaves_outstanding" };
            Answer(order, CommandStatus.Refused, $"leaves that '{authority.Id}' signed are out: it becomes passive by itself when the last of them is replaced", refusal);
        }
    }

    /// <summary>Turns the plan so that the authority is, or is not, its target, and takes the one move that the edit means.</summary>
    private void Walk(SetRole order, Authority authority, bool becomesTarget, MoveKind move)
    {
        if (_state.Plan is not { } plan || (authority.Id != plan.From && authority.Id != plan.To))
        {
            RefuseRole(order, _state.Plan is null ? "no rotation is under way" : $"rotation '{_state.Plan.Id}' is about '{_state.Plan.From}' and '{_state.Plan.To}'");
            return;
        }

        if (plan.Hold is { } hold)
        {
            RefuseRole(order, $"rotation '{plan.Id}' is held: {hold.Reason}");
            return;
        }

        RotationGoal goal = (authority.Id == plan.To) == becomesTarget ? RotationGoal.Forward : RotationGoal.Back;
        if (goal != plan.Goal && CannotTurn(plan, goal) is { } unfit)
        {
            Answer(order, CommandStatus.Refused, unfit.Message, unfit);
            return;
        }

        TrustState next = WithEvidence(_state, out _);
        if (next.Plan!.Hold is { } doubt)
        {
            RefuseRole(order, $"rotation '{plan.Id}' is held: {doubt.Reason}");
            return;
        }

        bool trusted = _state.Trusts(authority.RootId);
        if (goal != plan.Goal)
        {
            next = Turned(next, goal);
        }

        if (move != MoveKind.AddTrust || trusted)
        {
            Verdict verdict = RotationPlanner.Next(next, Facts(next.Plan!), _clock.Reckoned);
            if (verdict.Move != move)
            {
                RefuseRole(order, $"the next step of rotation '{plan.Id}' is to {Describe(verdict)}");
                return;
            }

            if (!verdict.Open)
            {
                Refusal refusal = Explain(next, verdict);
                Answer(order, CommandStatus.Refused, refusal.Message, refusal);
                return;
            }

            next = Made(next, verdict);
        }

        if (order.ValidateOnly)
        {
            Answer(order, CommandStatus.Done, $"authority '{authority.Id}' can be {Word(order.Role)}");
            return;
        }

        Commit(order, next, DecisionKind.SetRole, authority.Id, $"make {authority.Id} {Word(order.Role)}", $"authority '{authority.Id}' is on its way to {Word(order.Role)}");
    }

    private void RefuseRole(SetRole order, string why) =>
        Answer(order, CommandStatus.Refused, $"authority '{order.AuthorityId}' cannot be {Word(order.Role)}: {why}", Refuse("role_not_possible", Gate.G0, [], why));

    private static string Word(AuthorityRole role) => role switch
    {
        AuthorityRole.Active => "active",
        AuthorityRole.Passive => "passive",
        _ => "inactive",
    };
}
