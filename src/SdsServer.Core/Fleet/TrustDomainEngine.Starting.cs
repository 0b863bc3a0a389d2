using System.Collections.Immutable;
using SdsServer.Core.Fleet.Commands;
using SdsServer.Core.Rotation;

namespace SdsServer.Core.Fleet;

/// <summary>How a rotation begins: planned, intermediate, or because a root was stolen.</summary>
public sealed partial class TrustDomainEngine
{
    private void Start(StartRotation order)
    {
        if (_state.Past.FirstOrDefault(past => past.RequestId == order.RequestId) is { } over)
        {
            Answer(order, CommandStatus.Done, $"rotation '{over.Id}' was started by this request before, and has ended");
            return;
        }

        if (_state.Plan is { } running)
        {
            if (running.RequestId == order.RequestId)
            {
                Answer(order, CommandStatus.Done, $"rotation '{running.Id}' was started by this request before");
                return;
            }

            // A second emergency is another one only if it is about another root.
            bool preempts = order.Kind == RotationKind.Emergency && (running.Kind != RotationKind.Emergency || (order.Compromised is { } stolen && !_state.Authorities.Any(known => known.Id == stolen && known.RootId == _state.RootOf(running.From).Id)));
            if (!preempts)
            {
                Answer(order, CommandStatus.Refused, $"rotation '{running.Id}' is under way: {WayPast(running)}", Refuse("rotation_under_way", Gate.G0, []));
                return;
            }
        }

        if (Ends(order) is not ({ } from, { } target))
        {
            return;
        }

        if (CannotStart(order, from, target) is { } refusal)
        {
            Answer(order, CommandStatus.Refused, refusal.Message, refusal);
        }
        else if (order.ValidateOnly)
        {
            Answer(order, CommandStatus.Done, "the rotation can start");
        }
        else if (order.Kind == RotationKind.Emergency)
        {
            StartEmergency(order, from, target);
        }
        else
        {
            Begin(order, WithPlan(WithRoom(WithEvidence(_state, out _), from, target), order, from, order.Policy));
        }
    }

    private static string WayPast(RotationPlan running) => running.Kind == RotationKind.Emergency
        ? $"let it finish, or, where '{running.To}' is stolen or does not sign, start one that names it as the compromised one"
        : "let it finish, or roll it back";

    /// <summary>The two authorities of the order; null, and the order is answered, where there are no such two.</summary>
    private (Authority From, Authority Target)? Ends(StartRotation order)
    {
        string from = order.Kind == RotationKind.Emergency ? order.Compromised ?? (_state.Plan is null ? _state.Signer : "") : _state.Signer;
        if (from.Length == 0)
        {
            Answer(order, CommandStatus.Invalid, $"rotation '{_state.Plan!.Id}' is under way between '{_state.Plan.From}' and '{_state.Plan.To}': say which of them is compromised");
            return null;
        }

        Authority? known = _state.Authorities.FirstOrDefault(authority => authority.Id == from);
        Authority? target = order is { To: "", ValidateOnly: true } ? known is null ? null : Unmade(order.Kind, known) : _state.Authorities.FirstOrDefault(authority => authority.Id == order.To);
        if (known is null || target is null)
        {
            Answer(order, CommandStatus.NotFound, $"there is no authority '{(known is null ? from : order.To)}'");
            return null;
        }

        if (known.Id == target.Id)
        {
            Answer(order, CommandStatus.Invalid, order.Kind == RotationKind.Emergency ? $"authority '{order.To}' is the compromised one" : $"authority '{order.To}' signs already");
            return null;
        }

        if (order.Kind == RotationKind.Intermediate != (known.RootId == target.RootId))
        {
            Answer(order, CommandStatus.Invalid, known.RootId == target.RootId
                ? $"'{known.Id}' and '{target.Id}' end at the same root: that is an intermediate rotation, which changes no bundle"
                : $"'{target.Id}' ends at another root than '{known.Id}': that is a planned rotation, which changes the bundle");
            return null;
        }

        return (known, target);
    }

    // What is to be made is judged when it is there; what it meets here is known before.
    private static Authority Unmade(RotationKind kind, Authority left) => left with { Id = "", RootId = kind == RotationKind.Intermediate ? left.RootId : "", Chain = [], Tainted = false };

    private Refusal? CannotStart(StartRotation order, Authority from, Authority target)
    {
        if (order.Kind == RotationKind.Emergency && !_state.Trusts(from.RootId))
        {
            return Refuse("not_trusted", Gate.G0, [], $"the root of '{from.Id}' is not in the bundle, so there is nothing to move away from{(_state.Plan is { } under && _state.RootOf(under.Outgoing).Id == from.RootId ? $": rotation '{under.Id}' ends when nobody enforces it any more, so see who does, and do not turn it back" : "")}");
        }

        // An authority that signs already, or that its plan moves to, was found fit when it came in, and an emergency asks it nothing again; another one below the same root was not.
        bool known = target.Id.Length == 0 || target.Id == _state.Signer || (_state.Plan is { } running && (target.Id == running.From || target.Id == running.To));
        if ((target.Tainted || !known || (target.Id.Length > 0 && !_state.Trusts(target.RootId))) && Unfit(target) is { } unfit)
        {
            return unfit;
        }

        int missing = Excess(target) - MakingRoom(from, target).Length;
        if (missing <= 0)
        {
            return null;
        }

        ImmutableArray<string> needed = [.. Thirds(from, target).Where(root => !IsUnused(root))];
        string way = needed.Any(root => !_state.IsTainted(root))
            ? "move to the authority under it instead, it is trusted already"
            : "that one is stolen too, so " + (_policy.MaxRoots + missing <= FleetPolicy.MostRoots
                ? $"let the bundle hold {_policy.MaxRoots + missing} (Fleet:MaxRoots), restart the server, and start again"
                : "let the rotation under way drop one first, overriding who holds it up, or wait until those leaves have expired, and start again");
        return TooManyRoots($", and leaves or the server's own certificate need {string.Join(" and ", needed.Select(RootName))}: {way}");
    }

    private Refusal TooManyRoots(string why) =>
        Refuse("too_many_roots", Gate.G0, [], $"the bundle holds {_state.Bundle.Length} roots and may hold {_policy.MaxRoots}{why}");

    /// <summary>How many roots have to leave the bundle before the target's may join it (invariant I3).</summary>
    private int Excess(Authority target) => _state.Trusts(target.RootId) ? 0 : Math.Max(0, _state.Bundle.Length + 1 - _policy.MaxRoots);

    /// <summary>The roots that go for the target's in a full bundle: only such as nothing needs.</summary>
    private ImmutableArray<string> MakingRoom(Authority from, Authority target) =>
        [.. Thirds(from, target).Where(IsUnused).Concat(IsBarelyBegun(from) ? [from.RootId] : []).Take(Excess(target))];

    // The roots in the bundle that the rotation is neither about nor moves to.
    private IEnumerable<string> Thirds(Authority from, Authority target) => _state.Bundle.Where(root => root != from.RootId && root != target.RootId);

    private bool IsUnused(string rootId) => Needing(rootId) == 0 && _state.RootOf(_state.Signer).Id != rootId && !IsServingUnder(rootId);

    // An emergency moves to it, and no leaf of it is out: it can go, and the root that was stolen first signs on until the next one is everywhere.
    private bool IsBarelyBegun(Authority from) =>
        _state.Plan is { Kind: RotationKind.Emergency } running && _state.RootOf(running.To).Id == from.RootId
        && Needing(from.RootId) == 0 && _state.IsSafe(_state.RootOf(running.From).Id, _state.Floor);

    private TrustState WithRoom(TrustState state, Authority from, Authority target)
    {
        foreach (string root in MakingRoom(from, target))
        {
            bool signs = state.RootOf(state.Signer).Id == root;
            state = Moves.DropTrust(signs ? state with { Signer = _state.Plan!.From } : state, root, _seams.RandomHex(16), _clock.Reckoned);
        }

        return state with { Decisions = _state.Decisions };
    }

    /// <summary>
    /// Rule E10: everything under the stolen root is tainted, the plan under way is over, and a root that nothing needs makes room for the
    /// new one where the bundle is full. Where that is the stolen root itself, what is left is the way from the root of the emergency before.
    /// </summary>
    private void StartEmergency(StartRotation order, Authority from, Authority target)
    {
        TrustState next = Moves.Taint(Moves.Preempt(WithEvidence(_state, out _), _clock.Reckoned), from.RootId);
        next = next with { SignerRevision = next.SignerRevision + 1 };
        if (next.Serving is { } serving && next.Authority(serving.AuthorityId).Tainted)
        {
            // At once, whoever does not know the new root: the thief may serve with the stolen one as well as this server.
            next = next with { Serving = serving with { AuthorityId = order.To, WaitsSince = null, LeavesBehind = LeavesBehind(target.RootId) } };
        }

        next = WithRoom(next, from, target);
        if (_state.Plan is { } before && !next.IsSafe(next.RootOf(next.Signer).Id, next.Floor) && next.IsSafe(next.RootOf(before.From).Id, next.Floor))
        {
            // A time gate may have made an authority the signer whose root is not everywhere: the one that signs in its place signs on, and
            // G1 with its deadline still stands before the other (ADR 14).
            next = next with { Signer = before.From };
        }

        Begin(order, WithPlan(next, order, next.Trusts(from.RootId) ? from : _state.Authority(_state.Plan!.From), order.Policy.ForEmergency()));
    }

    private TrustState WithPlan(TrustState state, StartRotation order, Authority from, RotationPolicy policy) => state with
    {
        Decisions = state.Decisions + 1,
        Plan = new RotationPlan
        {
            Id = order.RotationId,
            RequestId = order.RequestId,
            Kind = order.Kind,
            From = from.Id,
            To = order.To,
            Policy = policy,
            StartedAt = _clock.Reckoned,
            StartedBy = order.Actor,
            StepSince = _clock.Reckoned,
            // Leaves of the new authority may be out already when an emergency meets a rotation half way.
            SignerRevisionAtStart = order.Kind == RotationKind.Emergency ? -1 : _state.SignerRevision,
        },
    };

    private void Begin(StartRotation order, TrustState next) => Commit(
        order,
        WithTargetTrusted(next),
        DecisionKind.StartRotation,
        "",
        order.Kind == RotationKind.Emergency
            ? $"start emergency rotation {order.RotationId} from {next.Plan!.From}, whose root is compromised, to {order.To}{Dropped(next)}"
            : $"start rotation {order.RotationId} to {order.To}{Dropped(next)}",
        $"rotation '{order.RotationId}' started");

    private string Dropped(TrustState next) =>
        string.Concat(_state.Bundle.Where(root => !next.Trusts(root)).Select(root => $", and drop trust in {RootName(root)}, which nothing needs"));
}
