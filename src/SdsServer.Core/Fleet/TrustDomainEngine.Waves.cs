using SdsServer.Core.Fleet.Commands;
using SdsServer.Core.Fleet.Completions;
using SdsServer.Core.Fleet.Effects;
using SdsServer.Core.Rotation;

namespace SdsServer.Core.Fleet;

/// <summary>Whose leaf comes from which authority while a plan goes through its waves, and how far these are.</summary>
public sealed partial class TrustDomainEngine
{
    private const double InFlightShare = 0.05;

    // Monotonic time since when it has not answered.
    private readonly Dictionary<Instance, TimeSpan> _silent = [];

    // More of the fleet than this, and a wave that is counted would not be of the size that was asked for.
    private const double AwayShare = 0.1;

    // Members that have lost their connection so lately that they may come back by themselves, and the monotonic time since when too many of the fleet have.
    private readonly Obstructions _justAway;
    private TimeSpan? _unsteadySince;

    // What is to hold the plan, turn it back or end it has been heard, or ordered, and is not durable yet.
    private bool _isStopping;

    // Monotonic time at which waves of which nobody is connected are given up: soon where others can take the place, but only after the whole soak
    // where the next wave would follow. Who has died of its new leaf is gone, too. Null while somebody is there.
    private TimeSpan? _desertedUntil;
    private bool _isDesertedForGood;
    private readonly int[] _standings = new int[Enum.GetValues<WaveStanding>().Length];

    /// <summary>
    /// Who signs for this process now, by where it stands in the waves. An authority whose root is not safe yet, or is stolen, gives way to the
    /// plan's other one while that is safe; so does the new one while it fails, for who would be without a leaf.
    /// </summary>
    private string SignerOf(Instance instance)
    {
        if (_state.Plan is not { } plan)
        {
            return _state.Signer;
        }

        string wanted = IsReached(instance, plan) ? plan.To : _state.Signer;
        string other = wanted == plan.To ? plan.From : plan.To;
        bool isOthers = wanted == plan.To && IsHeldBack(instance, plan) != IsLeft(instance);
        return (isOthers || !MaySign(wanted)) && MaySign(other) ? other : wanted;
    }

    // By the authority whose turn it is to sign for it. No wave moves it, so no hold or limit of a wave keeps it from what the other one can give it.
    private bool IsLeft(Instance instance) =>
        _state.Plan is { } plan && IsReached(instance, plan) && IsAtItsEnd(instance) && HasJustFailed(IsHeldBack(instance, plan) ? plan.From : plan.To);

    /// <summary>
    /// A hold stops its own wave, and so does the turn back, until the old authority signs for everybody: who uses a leaf of the old one, and has been sent
    /// none of the new, is renewed by the old. Else what the hold is for would go on, one half life after the other; so is who uses one, and refuses it
    /// where a source is new.
    /// </summary>
    private bool IsHeldBack(Instance instance, RotationPlan plan) =>
        plan is { Kind: not RotationKind.Emergency, DrainedAt: null } && (plan.Hold is not null || plan.Goal == RotationGoal.Back || _isStopping)
        && instance.Outstanding.Values.Any(static leaf => leaf.WasAccepted || leaf.IssuedAt is null)
        && !instance.Outstanding.Values.Any(leaf => leaf.Row.AuthorityId == plan.To);

    // By what it has, or is about to have: a leaf that was refused, or lost on its way, keeps nobody alive.
    private bool IsAtItsEnd(Instance instance) => !instance.Outstanding.Values.Any(leaf =>
        (leaf.State == LeafState.Acked || leaf is { State: LeafState.Issued, Lost: false, IssuedAt: not null }) && !IsExpiring(leaf));

    // By the floor that is durable: a crash must not find leaves that the floor of before does not vouch for.
    private bool MaySign(string authorityId) =>
        _state.Authority(authorityId) is { Tainted: false } authority && Vouches(authority.RootId);

    // A root that is being dropped has been found to be needed by no leaf, and must not be while that is written.
    private bool Vouches(string rootId) => _state.IsSafe(rootId, _state.Floor) && _saving?.Trusts(rootId) != false;

    private static bool IsReached(Instance instance, RotationPlan plan)
    {
        if (plan.WavesBegun == 0)
        {
            return false;
        }

        if (instance.PlaceIn != plan.Id)
        {
            instance.PlaceIn = plan.Id;
            instance.Place = WaveAssignment.PlaceOf(plan.Id, instance.Key.SpiffeId, instance.Key.NodeId);
            instance.TraitsInPlan = instance.Traits;
        }

        return WaveAssignment.Reaches(plan, instance.Place, instance.TraitsInPlan);
    }

    private WaveFacts Waves => new(
        _standings[(int)WaveStanding.Unreached],
        _standings[(int)WaveStanding.Waiting] + _standings[(int)WaveStanding.InTransit] + _standings[(int)WaveStanding.Silent] + _standings[(int)WaveStanding.Joining] + _standings[(int)WaveStanding.Mute],
        _silent.Count,
        _standings[(int)WaveStanding.Moved] + _standings[(int)WaveStanding.Unshown],
        _standings[(int)WaveStanding.Joining] + _standings[(int)WaveStanding.Mute]);

    // A term that has just begun has met few of its proxies; a server that is cut off has met none.
    private bool IsFleetPresent => _now.Up >= _frozenUntil
        && (Waves is { Reached: > 0 } or { Unreached: > 0 } || _standings[(int)WaveStanding.PassedOver] > 0 || _leafOwners.Count == 0);

    // Where somebody always has just left nobody can be waited for: no longer than for one identity of which somebody always has.
    private bool IsFleetSteady => _justAway.Heeded == 0 || _unsteadySince is not { } since || _now.Up >= since + _policy.QuarantineAfter;

    // Without a plan nobody stands in a wave, and a single one that is away would be too many.
    private void NoticeUnsteady() =>
        _unsteadySince = _state.Plan is not null && _justAway.Heeded > AwayShare * (Waves.Reached + Waves.Unreached) ? _unsteadySince ?? _now.Up : null;

    private void NoticeAway(Instance instance)
    {
        if (instance is { Ended: false, AwaySince: { } away, Outstanding.Count: > 0, CountedAt: not null } && _now.Up < away + TimeToReturn(instance))
        {
            _justAway.Add(instance, _now.Up);
        }
        else
        {
            _justAway.Remove(instance);
        }
    }

    private TimeSpan TimeToReturn(Instance instance) => _policy.ReconnectWindow + (instance.Key.IsRemote ? _policy.DeadLinkWindow : TimeSpan.Zero);

    private void NoticeDeserted()
    {
        // Who has just left with its new leaf unanswered may come back, or be what the wave has done.
        if (_state.Plan is not { WavesBegun: > 0 } plan || Waves.Reached + _standings[(int)WaveStanding.Left] > 0 || !IsFleetPresent)
        {
            _desertedUntil = null;
            _isDesertedForGood = false;
        }
        else if (_desertedUntil is not { } until)
        {
            _desertedUntil = _now.Up + _policy.ReconnectWindow;
        }
        else if (!_isDesertedForGood && plan.Hold is null && _standings[(int)WaveStanding.PassedOver] == 0 && _now.Up >= until && !(WaveAssignment.TakesAnybody(plan) && Waves.Unreached > 0))
        {
            _isDesertedForGood = true;
            _desertedUntil = _now.Up + RotationPlanner.WaveWait(plan);
        }
    }

    /// <summary>The same plan with its next wave begun, by the fleet as it is connected now. Who is asked about waves says yes to the one that is named, not to one behind it.</summary>
    private RotationPlan BeginWave(RotationPlan plan, Verdict verdict) =>
        WaveAssignment.Begin(plan, verdict.Wave, Candidates(plan.Id), exactly: plan.Policy.At(verdict.Gate).IsAsked || plan.Policy.WaveGate.IsAsked);

    // Not the verdict's own where that reaches nobody.
    private int WaveBegunBy(Verdict verdict) => verdict.Wave > 0 ? BeginWave(_state.Plan!, verdict).WavesBegun : 0;

    private List<WaveCandidate> Candidates(string planId) =>
        [.. _instances.Walk().Where(instance => TakesLeaves(instance, planId)).Select(instance =>
            new WaveCandidate(WaveAssignment.PlaceOf(planId, instance.Key.SpiffeId, instance.Key.NodeId), instance.PlaceIn == planId ? instance.TraitsInPlan : instance.Traits))];

    /// <summary>Where a process stands in the waves now; counted, so that a gate asks nobody.</summary>
    private void Tally(Instance instance)
    {
        if (_state.Plan is { } plan && instance.PassedOverIn == plan.Id && !instance.HasOpenRefusal && HasMoved(instance, plan.To) && IsConfirmed(instance, plan) && !IsSilent(instance))
        {
            instance.PassedOverIn = null;
        }

        WaveStanding standing = StandingOf(instance);
        if (standing is WaveStanding.Joining or WaveStanding.Mute)
        {
            _joining.Add(instance, _now.Up);
            standing = _joining.Excuses(instance) ? WaveStanding.None : standing;
        }
        else
        {
            _joining.Remove(instance);
        }

        if (standing != instance.Standing)
        {
            if (!KeepsSilent(standing))
            {
                _silent.Remove(instance);
            }
            else
            {
                _silent.TryAdd(instance, _now.Up);
            }

            _standings[(int)instance.Standing]--;
            _standings[(int)standing]++;
            instance.Standing = standing;
        }
    }

    private static bool KeepsSilent(WaveStanding standing) => standing is WaveStanding.Silent or WaveStanding.Mute or WaveStanding.Unshown or WaveStanding.Lost;

    private WaveStanding StandingOf(Instance instance)
    {
        if (_state.Plan is not { } plan || instance.Ended)
        {
            return WaveStanding.None;
        }

        if (instance.Leaves.Live.Count == 0 && instance.PassedOverIn != plan.Id && OwesAnswer(instance, plan))
        {
            return _now.Up < LeftAt(instance) + LongestAnswer && !_silent.ContainsKey(instance) ? WaveStanding.Left : WaveStanding.Lost;
        }

        if (instance.Leaves.Live.Count == 0 && instance.PassedOverIn != plan.Id && _silent.ContainsKey(instance) && OwesShowing(instance, plan))
        {
            return WaveStanding.Lost;
        }

        if (!TakesLeaves(instance, plan.Id))
        {
            return instance.PassedOverIn == plan.Id && instance.Connected ? WaveStanding.PassedOver : WaveStanding.None;
        }

        if (!IsReached(instance, plan))
        {
            return WaveStanding.Unreached;
        }

        if (HasMoved(instance, plan.To) && !IsConfirmed(instance, plan) && instance.Unshown is { } unshown && unshown.Plan == plan.Id && _now.Up >= unshown.Since + _policy.QuarantineAfter)
        {
            return WaveStanding.Unshown;
        }

        // Who comes back as silent as it was has not answered.
        if (IsSilent(instance) || ((_silent.ContainsKey(instance) || OwesForLong(instance, plan)) && OwesAnswer(instance, plan)))
        {
            return IsNew(instance) ? WaveStanding.Mute : WaveStanding.Silent;
        }

        if (IsNew(instance))
        {
            return WaveStanding.Joining;
        }

        if (HasMoved(instance, plan.To))
        {
            // A newcomer's first leaf, whose admin is still to be asked, begins no soak anew; whose leaf was replaced has to be shown.
            return IsConfirmed(instance, plan) ? WaveStanding.Moved
                : instance is { LeavesIssued: 1, Newest: not null } ? WaveStanding.Joining : WaveStanding.InTransit;
        }

        return instance.Work is LeafWork.Signing or LeafWork.Committing
            || instance.Newest is { Lost: false, State: LeafState.Issued } newest && newest.Row.AuthorityId == plan.To
            || OwesAnswer(instance, plan)
            ? WaveStanding.InTransit
            : WaveStanding.Waiting;
    }

    // It uses a leaf of the old authority, one of the new is out to it, and it has answered none. Who goes without an answer may have died of it.
    private static bool OwesAnswer(Instance instance, RotationPlan plan)
    {
        if (plan is not { Goal: RotationGoal.Forward, Kind: not RotationKind.Emergency })
        {
            return false;
        }

        bool usesOld = false;
        bool isSentNew = false;
        foreach (OutstandingLeaf leaf in instance.Outstanding.Values)
        {
            if (leaf.Row.AuthorityId != plan.To)
            {
                usesOld |= leaf.WasAccepted || leaf is { IssuedAt: null, State: not LeafState.Nacked };
            }
            else if (leaf.State != LeafState.Issued)
            {
                return false;
            }
            else
            {
                isSentNew = true;
            }
        }

        return usesOld && isSentNew;
    }

    // It has accepted its new leaf, and its admin has not shown it.
    private static bool OwesShowing(Instance instance, RotationPlan plan) =>
        plan is { Goal: RotationGoal.Forward, Kind: not RotationKind.Emergency } && IsReached(instance, plan) && HasMoved(instance, plan.To) && !IsConfirmed(instance, plan);

    // However often it has come back meanwhile, and been sent another one.
    private bool OwesForLong(Instance instance, RotationPlan plan) =>
        instance.Unanswered is { } owed && owed.Plan == plan.Id && _now.Up >= owed.Since + (LongestAnswer * 2);

    private static TimeSpan LeftAt(Instance instance) => instance.AwaySince ?? instance.Leaves.ChangedAt;

    private TimeSpan LongestAnswer => _policy.AckTimeout * 2;

    private static bool IsNew(Instance instance) => !instance.Outstanding.Values.Any(static leaf => leaf.State == LeafState.Acked || leaf.IssuedAt is null);

    private bool IsSilent(Instance instance) =>
        instance.Leaves.Live.Exists(static subscription => subscription is { InFlight: not null, TimedOut: true }) || _now.Up >= StuckAt(instance);

    // A stranger that never proves anything delays no wave, nor does a proxy that has been left to age out, and has.
    private bool TakesLeaves(Instance instance, string planId) =>
        instance is { Ended: false, Connected: true, CountedAt: not null } && instance.Leaves.Live.Count > 0
        && instance.PassedOverIn != planId && (instance.Outstanding.Count > 0 || !IsQuarantined(instance));

    // Its bundle, left unanswered too, or a stream that everything shares keeps the leaf from it: that is silence all the same.
    // So is an admin that does not show what was accepted.
    private TimeSpan? StuckAt(Instance instance) => instance.Newest switch
    {
        { Lost: false, State: LeafState.Issued } newest => newest.IssuedAt + LongestAnswer,
        { State: LeafState.Acked } newest when _state.Plan is { } plan && newest.Row.AuthorityId == plan.To && IsReached(instance, plan) && !IsConfirmed(instance, plan) =>
            newest.IssuedAt + (_policy.AckTimeout * 4),
        _ => null,
    };

    /// <summary>Every leaf it may present comes from the authority, and it has accepted one: renewals, which never end, undo no evidence.</summary>
    private static bool HasMoved(Instance instance, string authorityId)
    {
        bool accepted = false;
        foreach (OutstandingLeaf leaf in instance.Outstanding.Values)
        {
            if (leaf.Row.AuthorityId != authorityId)
            {
                return false;
            }

            accepted |= leaf.State == LeafState.Acked;
        }

        return accepted;
    }

    // What the admin showed, and whom an operator passed over, was said of leaves that the turn takes back.
    private void ForgetWaves()
    {
        foreach (Instance instance in _instances.Walk())
        {
            instance.ConfirmedIn = null;
            instance.Unshown = null;
            instance.PassedOverIn = null;
        }
    }

    private static bool IsConfirmed(Instance instance, RotationPlan plan) =>
        plan.Policy.Evidence == LeafEvidence.Ack || instance.Admin is null || instance.ConfirmedIn == plan.Id;

    /// <summary>Has Envoy's own word fetched where the policy asks for it.</summary>
    private void Probe(Instance instance)
    {
        if (_state.Plan is { } plan && !IsConfirmed(instance, plan) && IsReached(instance, plan) && instance.Newest is { State: LeafState.Acked } newest
            && newest.Row.AuthorityId == plan.To && _now.Up >= instance.ProbeAt)
        {
            instance.ProbeAt = _now.Up + _policy.AskAgain;
            if (instance.Unshown?.Plan != plan.Id)
            {
                instance.Unshown = (plan.Id, _now.Up);
            }

            _effects.Add(new ProbeProxy(instance.Id, instance.Admin!, newest.Row.Serial));
        }
    }

    private void OnProbed(ProxyProbed probed)
    {
        if (_instances.TryGetValue(probed.InstanceId, out Instance? instance))
        {
            instance.ProbeDetail = probed.Detail;
            if (probed.Found && _state.Plan is { } plan && instance.Outstanding.TryGetValue(probed.Serial, out OutstandingLeaf? shown) && shown.Row.AuthorityId == plan.To)
            {
                instance.ConfirmedIn = plan.Id;
                instance.Unshown = null;
            }

            Attend(instance);
        }
    }

    /// <summary>
    /// Whether one more proxy of a wave may be on its way to its new leaf: not while the plan is held, and not more at once than the
    /// policy says. The way back and the way out of an emergency are not slowed down.
    /// </summary>
    private bool MayMoveOneMore()
    {
        if (_state.Plan is not { Goal: RotationGoal.Forward } plan || plan.Kind == RotationKind.Emergency)
        {
            return true;
        }

        if (plan.Hold is not null || _isStopping)
        {
            return false;
        }

        WaveFacts waves = Waves;
        int inFlight = _standings[(int)WaveStanding.InTransit] + _standings[(int)WaveStanding.Left];
        if (plan.Policy.MaxInFlight is { } limit)
        {
            // One by one means that nobody follows while the last one has not answered.
            return inFlight + waves.Silent < limit;
        }

        return inFlight < Math.Max(1, (int)Math.Ceiling(InFlightShare * (waves.Reached + waves.Unreached)));
    }

    /// <summary>Nobody is moved by what has just been heard, or ordered, and is not durable yet: each refusal would make room for the next that refuses.</summary>
    private void NoticeStop()
    {
        bool was = _isStopping;
        _isStopping = (was || _due.IsWaiting || _dueMoves.Count > 0 || _tickets.Count > 0) && IsStopping();
        if (was && !_isStopping)
        {
            // The order was refused, or the doubt is over: whom the old authority has renewed meanwhile moves on.
            AttendConnected();
        }
    }

    private bool IsStopping() =>
        _begun && _state.Plan is { Hold: null, Goal: RotationGoal.Forward, Kind: not RotationKind.Emergency } plan
        && ((_saving is { } saving && !(saving.Plan is { Hold: null, Goal: RotationGoal.Forward } next && next.Id == plan.Id))
            || _commands.Exists(static waiting => StopsWaves(waiting.Command)) || JudgeHold(_state) is not null);

    private static bool StopsWaves(EngineCommand command) => command is HoldRotation
        or TurnRotation { Goal: RotationGoal.Back, ValidateOnly: false }
        or StartRotation { Kind: RotationKind.Emergency, ValidateOnly: false }
        or SetRole { ValidateOnly: false };
}
