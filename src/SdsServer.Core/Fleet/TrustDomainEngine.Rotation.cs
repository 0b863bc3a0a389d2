using SdsServer.Core.Fleet.Commands;
using SdsServer.Core.Fleet.Completions;
using SdsServer.Core.Fleet.Effects;
using SdsServer.Core.Rotation;

namespace SdsServer.Core.Fleet;

/// <summary>Changes of the durable state: one at a time, each made from evidence, commands and the planner, in this order.</summary>
public sealed partial class TrustDomainEngine
{
    private static readonly TimeSpan SeenEvery = TimeSpan.FromMinutes(2);

    private static readonly TimeSpan ForceAgain = TimeSpan.FromSeconds(10);

    // Processes come and vanish for months without a rotation, and nothing else may have to be saved.
    private const int MostExpired = 1_000;

    private readonly List<(EngineCommand Command, Moment Given)> _commands = [];
    private readonly long _term;

    // Without these the floor stands where it is: they end with the state that says so, or a clock set back would bring them to life in the next term.
    private readonly List<string> _expired = [];
    private TrustState? _saving;
    private TimeSpan _forceAt;

    // While the store was busy something needed the root that goes, or the wave was not proven: nobody has written that down.
    private bool _wasNeeded;
    private bool _wasUnproven;
    private (EngineCommand Command, string Message)? _savingFor;

    private void Rotate()
    {
        // A command that changes nothing is answered and the next one looked at; one change of state ends the round.
        while (_begun && _saving is null && _commands.Count > 0)
        {
            int at = Math.Max(0, _commands.FindIndex(waiting => waiting.Command is TurnRotation { Goal: RotationGoal.Back }));
            (EngineCommand command, Moment given) = _commands[at];
            _commands.RemoveAt(at);
            Execute(command, given);
        }

        if (!_begun || _saving is not null)
        {
            NoticeLapses();
            return;
        }

        TrustState next = WithEvidence(_state, out Decision? doubt);
        if (next.Plan is { Hold: not null })
        {
            ForgetWebhook();
        }

        if (next.Plan is { } turning && ShouldTurnBack(turning) is { } cause)
        {
            Decision turned = Log("engine", DecisionKind.RollbackRotation, "", $"turn rotation {turning.Id} back", cause);
            Save(Turned(next, RotationGoal.Back), turned with { RotationId = turning.Id });
        }
        else if (doubt is null && next.Plan is { Hold: null } plan && Step(next, plan) is var (moved, entry))
        {
            Save(moved, entry with { RotationId = plan.Id });
        }
        else if (next != _state || _expired.Count >= MostExpired)
        {
            Save(next, doubt);
        }
    }

    /// <summary>What the engine does with the plan by itself now; null: nothing.</summary>
    private (TrustState Next, Decision Entry)? Step(TrustState next, RotationPlan plan)
    {
        Verdict verdict = RotationPlanner.Next(next, Facts(plan), _clock.Reckoned);
        if (verdict.Overdue && plan.Policy.ForceAtDeadlines && _now.Up >= _forceAt)
        {
            _forceAt = _now.Up + ForceAgain;
            return Force(next, verdict, Blockers(next, verdict).ToList(), soakToo: true, plan.StartedBy, $"the emergency's deadline has passed, as {plan.StartedBy} ordered at the start");
        }

        if (!verdict.Open)
        {
            ForgetWebhook();
        }

        return verdict.Open && MayAdvance(plan, verdict)
            ? (Made(next, verdict), Log("engine", KindOf(verdict.Move), verdict.Subject, Describe(verdict), Why(verdict)))
            : null;
    }

    private void Save(TrustState next, Decision? entry)
    {
        entry = WithServingTold(next, entry);
        next = WithLeftBehind(next);
        _saving = next with { Revision = _state.Revision + 1, Term = _term, Floor = _floor, SeenAt = _clock.Reckoned };
        _question = entry is { RotationId.Length: > 0 } ? next.Decisions : _question;
        _effects.Add(new SaveState(_saving, entry is null ? null : entry with { Revision = next.Decisions }, [.. _expired]));
        _expired.Clear();
    }

    private void OnStateSaved(StateSaved saved)
    {
        TrustState old = _state;
        RestartAbsences(saved.State);
        _state = saved.State;
        _saving = null;
        HeedLapses();
        bool began = !_begun;
        _begun = true;
        _effects.AddRange(_onceSaved);
        _onceSaved.Clear();
        _whenSaved?.Invoke();
        _whenSaved = null;
        CheckDropped(old);
        NoteSize();
        WantAnchor();
        if (_state.Serving?.AuthorityId != old.Serving?.AuthorityId)
        {
            NoteLeftBehind();
        }

        bool turned = _state.Plan is { } now && old.Plan is { } before && now.Id == before.Id && now.Goal != before.Goal;
        if (turned)
        {
            ForgetWaves();
        }

        // Which roots have to last depends on where the plan goes.
        _bundleChecked &= !turned && _state.Plan?.Id == old.Plan?.Id;

        if (_state.SignerRevision != old.SignerRevision)
        {
            // Whose turn it is now has its own time to come back, also who has left while that was being written.
            (_desertedUntil, _isDesertedForGood) = (null, false);
        }

        if (old.Bundle.Any(root => !_state.Trusts(root)))
        {
            ReplaceTicketKeys();
        }

        if (_state.Epoch != old.Epoch || began)
        {
            _bundleChecked = false;
            _sharedProves |= _state.Epoch != old.Epoch;
            _shared = _seams.EncodeBundle(_state, _state.Salt);
            _epochSince = _now.Up;
            AttendConnected();
        }
        else if (_state.SignerRevision != old.SignerRevision || _state.Plan?.Id != old.Plan?.Id || turned || _state.Signer != old.Signer || IsSteered(old))
        {
            AttendConnected(alsoAway: turned);
        }

        if (_savingFor is ({ } command, { } message))
        {
            _savingFor = null;
            Answer(command, new CommandOutcome(CommandStatus.Done, message, _state) { Logged = true });
        }
    }

    // A root that has become safe, or is stolen, changes who signs where the plan's signer could not; a hold, who signs for whom it stops.
    private bool IsSteered(TrustState old) =>
        _state.Plan is not null && (_state.Plan.Hold is null != old.Plan?.Hold is null || old.Authorities != _state.Authorities || old.Roots.Count(root => root.SafeAt is null) != _state.Roots.Count(root => root.SafeAt is null));

    private void AttendConnected(bool alsoAway = false)
    {
        foreach (Instance instance in _instances.Walk().Where(instance => alsoAway || instance.Connected || instance.Standing != WaveStanding.None).ToList())
        {
            Attend(instance);
        }
    }

    /// <summary>What the fleet has shown since the last save; null in <paramref name="doubt"/> unless it holds the plan or lifts a hold.</summary>
    private TrustState WithEvidence(TrustState state, out Decision? doubt)
    {
        doubt = null;
        TrustState next = state.Floor == _floor ? state : state with { Floor = _floor };
        foreach (TrustRoot root in next.Roots)
        {
            // A time ahead of the clock was taken from a clock that was wrong: the wait begins anew.
            if ((root.SafeAt is null && next.IsSafe(root.Id, _floor)) || root.SafeAt > _clock.Reckoned)
            {
                next = next with { Roots = next.Roots.Replace(root, root with { SafeAt = _clock.Reckoned }) };
            }
        }

        if (next.Plan is not { } plan)
        {
            return WithLeftBehind(WithServingMoved(next));
        }

        // A hold that is found now stops the server's own certificate, too, and one that is lifted now has stopped it so far.
        bool wasHeld = plan.Hold is not null;
        bool drained = IsDrained(next, plan, Facts(plan));
        if (drained != plan.DrainedAt is not null || plan.DrainedAt > _clock.Reckoned)
        {
            plan = plan with { DrainedAt = drained ? _clock.Reckoned : null };
        }

        FleetFacts facts = Facts(plan);
        bool proven = IsProven(plan, facts);
        if (proven != plan.WaveProvenAt is not null || plan.WaveProvenAt > _clock.Reckoned)
        {
            plan = plan with { WaveProvenAt = proven ? _clock.Reckoned : null };
        }

        bool gone = drained && !next.Trusts(next.RootOf(plan.Outgoing).Id) && RotationPlanner.IsGone(next, plan, facts);
        if (gone != plan.GoneAt is not null || plan.GoneAt > _clock.Reckoned)
        {
            plan = plan with { GoneAt = gone ? _clock.Reckoned : null };
        }

        if (plan.StepSince > _clock.Reckoned)
        {
            plan = plan with { StepSince = _clock.Reckoned };
        }

        PlanHold? hold = JudgeHold(next with { Plan = plan });
        if (hold != plan.Hold)
        {
            doubt = hold is null
                ? Log("engine", DecisionKind.UnholdRotation, "", "lift hold", $"healed: {plan.Hold!.Reason}")
                : Log("engine", DecisionKind.HoldRotation, "", "hold", hold.Reason);
            doubt = doubt with { RotationId = plan.Id };
            plan = plan with { Hold = hold };
        }

        bool stale = _clock.Reckoned - next.SeenAt > SeenEvery;
        next = plan == next.Plan && !stale ? next : next with { Plan = plan, SeenAt = _clock.Reckoned };
        return WithLeftBehind(wasHeld ? next : WithServingMoved(next));
    }

    private static bool IsDrained(TrustState state, RotationPlan plan, FleetFacts facts) =>
        state.Signer == plan.Target && facts is { NeedOutgoing: 0, TargetSigns: true, ServingNeedsOutgoing: false };

    private static bool IsProven(RotationPlan plan, FleetFacts facts) =>
        plan.WavesBegun > 0 && RotationPlanner.IsWaveProven(plan, facts with { Waves = facts.Waves.WithoutJoining() });

    private void NoticeLapses()
    {
        if (_saving?.Plan is { } plan)
        {
            FleetFacts facts = Facts(plan);
            _wasNeeded |= !IsDrained(_saving, plan, facts);
            _wasUnproven |= !IsProven(plan, facts);
        }
    }

    // The wait that is over when nothing has come in between begins anew where something has.
    private void HeedLapses()
    {
        if (_state.Plan is { } plan && (_wasNeeded || _wasUnproven))
        {
            _state = _state with { Plan = plan with { DrainedAt = _wasNeeded ? null : plan.DrainedAt, WaveProvenAt = _wasUnproven ? null : plan.WaveProvenAt } };
        }

        (_wasNeeded, _wasUnproven) = (false, false);
    }

    private PlanHold? JudgeHold(TrustState state)
    {
        RotationPlan plan = state.Plan!;
        bool heeds = plan.Goal == RotationGoal.Forward && plan.Kind != RotationKind.Emergency;
        Instance? refusing = heeds ? _refusing.All.FirstOrDefault(instance => !instance.Excused && !_refusing.Excuses(instance)) : null;
        string? silent = heeds ? TooSilent(plan) : null;
        // Who refused or kept silent before this term is not remembered: what an earlier one has set, only an operator lifts.
        if (plan.Hold != _heldBefore && ((plan.Hold is { Cause: HoldCause.Nack } && refusing is null) || (plan.Hold is { Cause: HoldCause.Silent } && silent is null)))
        {
            return null;
        }

        string? late = Late(state, plan);
        if (plan is { Kind: RotationKind.Emergency, Hold.Cause: HoldCause.Deadline } && late is null)
        {
            return null;
        }

        if (plan.Hold is not null)
        {
            return plan.Hold;
        }

        if (_violation is { } violation && !IsEndured(violation, plan))
        {
            return new PlanHold(HoldCause.Invariant, violation, _now.Utc);
        }

        if (HoldOfOlderStore() is { } older)
        {
            return older;
        }

        if (_clock.InDoubt)
        {
            string what = _clock.Unserved is { } gap ? $"the server was away for {TimeSpan.FromSeconds(Math.Round(gap.TotalSeconds))}, or the wall clock jumped" : "the wall clock jumped";
            return new PlanHold(HoldCause.Clock, $"{what}: whoever is left out because a leaf has expired rests on it", _now.Utc);
        }

        if (refusing is not null)
        {
            return new PlanHold(HoldCause.Nack, $"{refusing.Key.SpiffeId} ({refusing.Key.NodeId}) refused {refusing.LastNack?.Secret}: {refusing.LastNack?.Error}", _now.Utc);
        }

        if (silent is not null)
        {
            return new PlanHold(HoldCause.Silent, silent, _now.Utc);
        }

        if (_webhookDenial is { } denial && denial.Question == _question)
        {
            return new PlanHold(HoldCause.Webhook, $"the webhook said no: {denial.Reason}", _now.Utc);
        }

        return late is not null ? new PlanHold(HoldCause.Deadline, late, _now.Utc) : null;
    }

    /// <summary>Which deadline has passed, in words; null while none has.</summary>
    private string? Late(TrustState state, RotationPlan plan)
    {
        Verdict verdict = RotationPlanner.Next(state, Facts(plan), _clock.Reckoned);
        return verdict.Overdue && !plan.Policy.ForceAtDeadlines ? $"the emergency's deadline for gate {verdict.Gate} has passed: {(ProblemOf(plan.Target) is null ? "override what remains by name, or wait for it" : WayOn(plan))}"
            : !verdict.Open && _clock.Reckoned > _policy.ShutBy(_state.Serving, plan, verdict) ? $"the gate of phase {PhaseOf(state)} has been shut for {_policy.GateDeadline(plan.Policy)}"
            : null;
    }

    private string? TooSilent(RotationPlan plan)
    {
        WaveFacts waves = Waves;
        int reached = waves.Reached + _standings[(int)WaveStanding.Lost];
        bool isFull = plan.Policy.MaxInFlight is { } limit && waves.Silent >= limit;
        return waves.Silent > 0 && (isFull || waves.Silent * 100 > plan.Policy.MaxSilentPercent * reached) && _silent.Keys.First() is var first
            ? $"{waves.Silent} of the {reached} proxies in the waves begun, {first.Key.SpiffeId} ({first.Key.NodeId}) among them, have left their new leaf unanswered for {_policy.AckTimeout}{(plan.Policy.Evidence == LeafEvidence.Ack ? "" : ", or their admins do not show it")}"
            : null;
    }

    private FleetFacts Facts(RotationPlan plan)
    {
        string outgoing = _state.RootOf(plan.Outgoing).Id;
        string target = _state.RootOf(plan.Target).Id;
        return new FleetFacts
        {
            Floor = _floor,
            NeedOutgoing = Needing(outgoing),
            SignedByOutgoing = _needs.SignedBy(plan.Outgoing),
            TargetSigns = MaySign(plan.Target),
            ServingNeedsOutgoing = outgoing != target && IsServingUnder(outgoing),
            IsRefused = _refusing.All.Any(instance => StandsInTheWay(instance, plan)),
            Waves = Waves,
            FleetIsPresent = IsFleetPresent,
            FleetIsSteady = IsFleetSteady,
            AnswerIsAwaited = _standings[(int)WaveStanding.Left] > 0,
            WaveIsDeserted = _now.Up >= _desertedUntil,
            ThirdRoots = [.. _state.Bundle.Where(root => root != outgoing && root != target).Select(root => (root, Needing(root) + (IsServingUnder(root) ? 1 : 0)))],
            SignerProblem = ProblemOf(plan.Target)?.Text,
        };
    }

    // By a refusal, which is no danger to anybody but a sign: it is heeded until an operator, or its identity's long row of refusals, says otherwise.
    private bool StandsInTheWay(Instance refusing, RotationPlan plan) => refusing.PassedOverIn != plan.Id && !_refusing.Excuses(refusing);

    private int Needing(string rootId) => _needs.Needing(rootId, root => root != rootId && _state.IsSafe(root, _floor));

    private RotationPhase PhaseOf(TrustState state) => Phases.Of(state, state.Plan is { } plan ? Facts(plan).NeedOutgoing : 0);

    private TrustState Made(TrustState state, Verdict verdict) => verdict.Move switch
    {
        MoveKind.AddTrust => Moves.AddTrust(state, verdict.Subject, _seams.RandomHex(16), _policy.MaxRoots, _clock.Reckoned),
        MoveKind.SetSigner when verdict.Wave > 0 => Moves.BeginWave(state, BeginWave(state.Plan!, verdict), _clock.Reckoned),
        MoveKind.SetSigner => Moves.SetSigner(state with { Plan = state.Plan! with { WavesBegun = 0, CanaryWave = 0, ReachedBelow = 0 } }, verdict.Subject, _clock.Reckoned),
        MoveKind.DropTrust => Moves.DropTrust(state, verdict.Subject, _seams.RandomHex(16), _clock.Reckoned),
        _ => Moves.Finish(state, _clock.Reckoned),
    };

    private static DecisionKind KindOf(MoveKind move) => move switch
    {
        MoveKind.AddTrust => DecisionKind.AddTrust,
        MoveKind.SetSigner => DecisionKind.SetSigner,
        MoveKind.DropTrust => DecisionKind.DropTrust,
        _ => DecisionKind.FinishRotation,
    };

    // Roots have names of their own nowhere else: an operator knows the authorities.
    private string RootName(string rootId) =>
        $"the root of '{(_state.Plan is { } plan && _state.RootOf(plan.Outgoing).Id == rootId ? plan.Outgoing : _state.Authorities.First(authority => authority.RootId == rootId).Id)}'";

    private string Describe(Verdict verdict) => verdict.Move switch
    {
        MoveKind.AddTrust => $"add trust in {RootName(verdict.Subject)}",
        MoveKind.SetSigner when verdict.Wave > 0 && _state.Plan?.WaveCount > 1 => $"set signer {verdict.Subject} for wave {WaveBegunBy(verdict)}",
        MoveKind.SetSigner => $"set signer {verdict.Subject}",
        MoveKind.DropTrust => $"drop trust in {RootName(verdict.Subject)}",
        _ => "finish rotation",
    };

    private string Why(Verdict verdict) => verdict.Gate switch
    {
        _ when _state.Plan?.Policy.At(verdict.Gate) is { Kind: GateKind.Time } time => $"the time gate of {time.After} has passed; nobody was asked",
        Gate.G0 => "the root is fit",
        Gate.G1 => "every member enforces the root",
        Gate.G2 => "everyone in the waves begun uses the new leaf",
        Gate.G3 => "no outstanding leaf needs the root",
        _ when _state.Plan is { } plan && !Drops(plan) => $"no outstanding leaf is from authority {plan.Outgoing}",
        _ => "no member may still enforce a dropped root",
    };

    private Decision Log(string actor, DecisionKind kind, string subject, string action, string reason) => new()
    {
        At = _now.Utc,
        Actor = actor,
        Kind = kind,
        Subject = subject,
        Action = action,
        Reason = reason,
        Evidence = Evidence(),
    };

    private TimeSpan? PlanWake()
    {
        if (!_begun || _saving is not null || _state.Plan is not { } plan)
        {
            return null;
        }

        if (plan.Hold is not null)
        {
            // The time is written on while it is held: a restart would else take the hold for an absence of the server, and doubt the clock.
            return _now.Up + SeenEvery + TimeSpan.FromMilliseconds(1);
        }

        Verdict verdict = RotationPlanner.Next(_state, Facts(plan), _clock.Reckoned);
        DateTimeOffset wake = verdict.Open ? _clock.Reckoned + SeenEvery : _policy.ShutBy(_state.Serving, plan, verdict);
        if (verdict.OpensAt is { } opens && opens < wake)
        {
            wake = opens;
        }

        if (IsServingHeldBack && ServingGraceEnd is { } grace && grace < wake)
        {
            wake = grace;
        }

        if (_desertedUntil is { } deserted && deserted > _now.Up)
        {
            DateTimeOffset replaced = _clock.Reckoned + (deserted - _now.Up);
            wake = replaced < wake ? replaced : wake;
        }

        DateTimeOffset? deadline = verdict.Overdue ? _clock.Reckoned + (_forceAt - _now.Up) : RotationPlanner.Deadline(plan, verdict.Gate);
        if (!verdict.Open && deadline > _clock.Reckoned && deadline < wake)
        {
            wake = deadline.Value;
        }

        if (ProblemOf(plan.Target) is { } problem && problem.Until > _now.Up)
        {
            wake = wake < _clock.Reckoned + (problem.Until - _now.Up) ? wake : _clock.Reckoned + (problem.Until - _now.Up);
        }

        TimeSpan soon = _now.Up + (wake - _clock.Reckoned) + TimeSpan.FromMilliseconds(1);
        return Earlier(Earlier(_askAt > _now.Up ? _askAt : null, soon), _now.Up + SeenEvery);
    }
}
