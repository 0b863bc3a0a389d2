namespace SdsServer.Simulation.Sabotage;

/// <summary>Every guard of the rotation, each taken out alone. New guards belong here: the simulator has to notice that they are gone.</summary>
internal static class Mutations
{
    private const string Engine = "SdsServer.Core/Fleet/TrustDomainEngine";

    public static IReadOnlyList<Mutation> All { get; } =
    [
        // Gates and moves (E2, E3).
        new(
            "G1: the root is everywhere",
            new Edit("SdsServer.Core/Rotation/RotationPlanner.cs", "state.IsSafe(state.Authority(plan.Target).RootId, fleet.Floor)", "state.Trusts(state.Authority(plan.Target).RootId)"),
            new Edit($"{Engine}.Rotation.cs", "root.SafeAt is null && next.IsSafe(root.Id, _floor)", "root.SafeAt is null && next.Trusts(root.Id)")),
        new("G1: trust soak", "SdsServer.Core/Rotation/RotationPlanner.cs", "plan.Policy.TrustSoak : TimeSpan.Zero;", "TimeSpan.Zero : TimeSpan.Zero;"),
        new("G1: no open refusal", "SdsServer.Core/Rotation/RotationPlanner.cs", "plan.Kind == RotationKind.Emergency || fleet.UnresolvedNacks == 0", "fleet.UnresolvedNacks >= 0"),
        new("G3: no leaf needs the root", $"{Engine}.Rotation.cs", "NeedOutgoing = Needing(outgoing)", "NeedOutgoing = 0"),
        new(
            "G3: nobody signs under the root",
            new Edit("SdsServer.Core/Rotation/RotationPlanner.cs", "fleet is { NeedOutgoing: 0, TargetSigns: true }, DropSoakEnd", "fleet is { NeedOutgoing: 0 }, DropSoakEnd"),
            new Edit($"{Engine}.Rotation.cs", "Facts(plan) is { NeedOutgoing: 0, TargetSigns: true }", "Facts(plan) is { NeedOutgoing: 0 }")),
        new("G3: drop soak", "SdsServer.Core/Rotation/RotationPlanner.cs", "plan.DrainedAt + DropWait(plan)", "plan.DrainedAt"),
        new("G4: gone everywhere", "SdsServer.Core/Rotation/RotationPlanner.cs", "Gate.G4, IsGone(state, plan, fleet)", "Gate.G4, IsGone(state, plan, fleet) || fleet.Floor > 0"),
        new("since: a root is as old as its latest epoch", "SdsServer.Core/Rotation/Moves.cs", "Since = epoch, DroppedAt = null", "Since = state.Root(rootId).Since ?? epoch, DroppedAt = null"),
        new("since: safe is since <= floor", "SdsServer.Core/Rotation/TrustState.cs", "Trusts(rootId) && Root(rootId).Since <= floor", "Trusts(rootId)"),
        new("order: the outgoing root stays first", "SdsServer.Core/Rotation/Moves.cs", "state.Bundle.Add(rootId)", "state.Bundle.Insert(0, rootId)"),
        new("leaf rule: only members get leaves", $"{Engine}.Issuing.cs", "if (!IsMember(instance))", "if (!instance.Connected)"),
        new("leaf rule: looked at again when signed", $"{Engine}.Issuing.cs", " || WhyHeld(instance) is not null || instance.Leaves", " || instance.Leaves"),
        new(
            "slow signer: what the signer of before has signed is thrown away",
            new Edit($"{Engine}.Issuing.cs", "instance.SigningAuthority != SignerOf(instance) || WhyHeld", "WhyHeld"),
            new Edit($"{Engine}.Issuing.cs", "if (!signed.Leaf.Anchors.Contains(_state.RootOf(instance.SigningAuthority).Id))", "if (signed.Leaf.Anchors.Length == 0)"),
            new Edit($"{Engine}.Issuing.cs", "instance.SigningAuthority == SignerOf(instance) && instance.Leaves.Live.Count > 0;", "instance.Leaves.Live.Count > 0;")),

        // The floor and who counts (E1, E2).
        new("floor: frozen in a young term", $"{Engine}.Members.cs", "if (!_begun || _now.Up < _frozenUntil)", "if (!_begun)"),
        new("floor: the lowest member", $"{Engine}.Members.cs", "Math.Min(_members.Lowest ?? _state.Epoch, _state.Epoch)", "_state.Epoch"),
        new("member: an outstanding leaf", $"{Engine}.Members.cs", "(instance.Outstanding.Count > 0\n            || instance.Work", "(instance.Work"),
        new(
            "member: a leaf being written",
            new Edit($"{Engine}.Members.cs", "            || instance.Work == LeafWork.Committing\n            || instance.Enrolled\n            || (instance.Connected", "            || instance.Enrolled\n            || (instance.Connected"),
            new Edit($"{Engine}.Members.cs", "bool bare = instance.Outstanding.Count == 0 && instance.Work != LeafWork.Committing && !instance.Enrolled;", "bool bare = instance.Outstanding.Count == 0 && !instance.Enrolled;")),
        new("member: the roster", $"{Engine}.Members.cs", "            || instance.Enrolled\n            || (instance.Connected", "            || (instance.Connected"),
        new("member: live at the floor or above", $"{Engine}.Members.cs", "instance.Lo > 0 && instance.Lo >= _floor", "instance.Lo > 0"),
        new("lo: the lowest of its slots", $"{Engine}.Members.cs", "proven = Math.Min(proven, subscription.Proven)", "proven = Math.Max(proven == long.MaxValue ? 0 : proven, subscription.Proven)"),
        new("slots: all of them", "SdsServer.Core/Fleet/SlotSet.cs", "_live.Count > 0 && _missing.Count == 0", "_live.Count > 0"),
        new("slots: durable on the rows", $"{Engine}.Subscriptions.cs", "if (opened.Kind != SecretKind.TicketKeys && slots.Slots > before && (instance", "if (slots.Slots < before && (instance"),
        new("slots: durable before bytes go out", $"{Engine}.Subscriptions.cs", "subscription.AwaitsLedger = true", "subscription.AwaitsLedger = false"),
        new("slots: missing for W before given up", $"{Engine}.Answers.cs", "        if (slots.MissingUntil(_policy.SuccessionWindow) is { } until && _now.Up >= until)\n        {\n            slots.GiveUpMissing(_policy.SuccessionWindow, _now.Up);", "        {\n            slots.GiveUpMissing(TimeSpan.Zero, _now.Up);"),
        new("slots: the clock stands while disconnected", "SdsServer.Core/Fleet/SlotSet.cs", "_runsSince = connected ? up : null", "_runsSince = up"),
        new("quiet for Wr", $"{Engine}.Members.cs", "instance.Fresh || _now.Up >= SettledAt(instance, slots)", "true"),
        new("quiet: a dead link is noticed late", $"{Engine}.Members.cs", "(instance.Key.IsRemote ? _policy.DeadLinkWindow : TimeSpan.Zero)", "TimeSpan.Zero"),
        new("slots: another name is another slot", "SdsServer.Core/Fleet/SlotSet.cs", "back >= 0 ? back : _missing.FindIndex(slot => slot.Name is null);", "back >= 0 ? back : _missing.Count - 1;"),
        new("roster: who follows is on it", $"{Engine}.Answers.cs", "if (instance is { Enrolled: true, Connected: true })", "if (instance is { Workload.BundleOnly: true, Connected: true } && instance.Bundles.Live.Exists(static source => source.Proven > 0))"),
        new("fresh: anything may be hidden", $"{Engine}.Subscriptions.cs", "        if (!instance.Fresh)\n        {\n            return;\n        }\n", "        if (instance.Id.Length > 0)\n        {\n            return;\n        }\n"),
        new("fresh: no version reported", $"{Engine}.Subscriptions.cs", "if (!string.IsNullOrEmpty(opened.ReportedVersion))", "if (opened.ReportedVersion == \"never\")"),
        new("fresh: no stream closed", $"{Engine}.Subscriptions.cs", "        Lose(subscription);\n        NotFresh(instance);", "        Lose(subscription);"),
        new("fresh: nobody of its key vanished", $"{Engine}.Subscriptions.cs", "_vanished.Contains(key)\n        || ", ""),
        new("fresh: nobody of its key is without a leaf", $"{Engine}.Subscriptions.cs", "same.Exists(other => other.Outstanding.Count == 0 && !other.Enrolled)", "same.Count == 0"),
        new("fresh: not in a young term", $"{Engine}.Subscriptions.cs", "|| _now.Up < _frozenUntil;", ";"),
        new("returner: slots of expired rows", $"{Engine}.Subscriptions.cs", "            instance.Bundles.RaiseTo(old.Bundles, _now.Up);\n", ""),
        new("lineage: only who reports the leaf goes on", $"{Engine}.Subscriptions.cs", "Instance? holder = Holder(opened);", "Instance? holder = Holder(opened) ?? (_byKey.TryGetValue(opened.Key, out List<Instance>? kin) ? kin.Find(other => !other.Connected) : null);"),
        new("W: gone only after W", $"{Engine}.Departures.cs", "return (holds > latest ? holds : latest) + _policy.SuccessionWindow;", "return holds > latest ? holds : latest;"),
        new("W: not while one of its key has no leaf", $"{Engine}.Departures.cs", "                if (other.HoldsSince is not { } holds)\n                {\n                    return null;\n                }\n", "                TimeSpan holds = other.HoldsSince ?? TimeSpan.Zero;\n"),
        new("W: not while one of its key without a leaf may come back", $"{Engine}.Departures.cs", "TimeSpan latest = away.KinVanishedAt > away.AwaySince ? away.KinVanishedAt.Value : away.AwaySince!.Value;", "TimeSpan latest = away.AwaySince!.Value;"),
        new("strict absence: W ends nothing", $"{Engine}.Departures.cs", "if (_policy.StrictAbsence || instance.AwaySince", "if (instance.AwaySince"),
        new("demoted: who stops proving without a leaf", $"{Engine}.Answers.cs", "        Demote(instance);\n", ""),
        new("restart: rows are members", $"{Engine}.Members.cs", "row => row.Kind == LedgerRowKind.Leaf && row.State is not (LeafState.Superseded or LeafState.Overruled)", "row => row.Kind == LedgerRowKind.Leaf && row.State is LeafState.Superseded"),
        new("restart: members stand at the floor", $"{Engine}.Members.cs", "instance.Lo = _floor;", "instance.Lo = _state.Epoch;"),
        new("restart: the roster", $"{Engine}.Members.cs", "foreach (RosterEntry entry in record.Roster)", "foreach (RosterEntry entry in record.Roster.Take(0))"),
        new("restart: slots of the rows", $"{Engine}.Members.cs", "        instance.Bundles.RaiseTo(bundleSlots, _now.Up);\n", ""),

        // Leaves (E1, E3, E7).
        new("leaf: superseded when every slot accepted another", $"{Engine}.Members.cs", "if (!instance.Leaves.Complete || !IsQuiet(instance, instance.Leaves))", "if (!IsQuiet(instance, instance.Leaves))"),
        new("leaf: superseded after quiet", $"{Engine}.Members.cs", "if (!instance.Leaves.Complete || !IsQuiet(instance, instance.Leaves))", "if (!instance.Leaves.Complete)"),
        new("leaf: the oldest that any slot accepted", $"{Engine}.Members.cs", "accepted = Math.Min(accepted, subscription.AckedLeaf)", "accepted = Math.Max(accepted == int.MaxValue ? 0 : accepted, subscription.AckedLeaf)"),
        new("leaf: a refused one stays outstanding", $"{Engine}.Answers.cs", "leaf.State = LeafState.Nacked;\n", "leaf.State = LeafState.Nacked;\n                RemoveOutstanding(instance, leaf);\n"),
        new("leaf: a refused one is never sent again", $"{Engine}.Issuing.cs", "{ Payload: { } payload, Lost: false, State: not LeafState.Nacked } newest", "{ Payload: { } payload, Lost: false } newest"),
        new("leaf: one that is lost is never sent again", $"{Engine}.Subscriptions.cs", "            leaf.Lost = true;\n", ""),
        new("leaf: adopted ones are not sent again", $"{Engine}.Subscriptions.cs", "            known.Newest = null;\n", ""),
        new("ledger: its refusal is obeyed", $"{Engine}.Issuing.cs", "bool send = written.Accepted && !instance.Ended", "bool send = !instance.Ended"),
        new("ledger: the row precedes the bytes", $"{Engine}.Issuing.cs", "        _effects.Add(new WriteLedger(", "        Adopt(instance, row, signed.Leaf.Payload);\n        OfferLeaf(instance);\n        _effects.Add(new WriteLedger("),
        new("expiry: not before NotAfter and skew", $"{Engine}.Departures.cs", "due < _clock.Judged", "due - _policy.MaxSkew - _policy.MaxSkew < _clock.Judged"),
        new("quarantine: who holds up a plan ages out", $"{Engine}.Issuing.cs", "if (_state.Plan is not { } plan)\n        {\n            return false;", "if (_state.Plan is not { } plan || plan.Id.Length > 0)\n        {\n            return false;"),

        // What counts as proof (E7).
        new("bundle first: not beside a leaf", $"{Engine}.Answers.cs", "if (instance.Leaves.Live.Exists(static subscription => subscription.Busy))", "if (instance.Ended)"),
        new("bundle first: no leaf beside it", $"{Engine}.Issuing.cs", "\n            || instance.Bundles.Live.Exists(subscription => subscription.Busy || (!subscription.AwaitsLedger && IsBundleDue(subscription)))", ""),
        new("private salt at once", $"{Engine}.Answers.cs", "(instance.CountedAt is null && subscription.OfferedEpoch == 0) || ", ""),
        new("private salt: after a refusal or loss (dirty)", $"{Engine}.Answers.cs", "_dirty.Contains(instance.Key) || ", ""),
        new("dirty: by a refusal", $"{Engine}.Answers.cs", "            _dirty.Add(instance.Key);\n", ""),
        new("dirty: by a lost answer", $"{Engine}.Subscriptions.cs", "            _dirty.Add(subscription.Instance.Key);\n", "            subscription.Instance.See(_now.Utc);\n"),
        new("private salt: what an earlier term may have sent", $"{Engine}.Answers.cs", " || subscription.Repush || MayHaveRefused(subscription)", " || subscription.Repush"),
        new("salt of the term", $"{Engine}.cs", "if (_floor < _state.Epoch)", "if (_floor > _state.Epoch)"),
        new(
            "proof: only bytes this term was first to send",
            new Edit($"{Engine}.Answers.cs", "if (subscription.InFlightProves)", "if (subscription.OfferedEpoch > 0)"),
            new Edit($"{Engine}.Answers.cs", " || subscription.Repush || MayHaveRefused(subscription)", " || subscription.Repush")),
        new("one response at a time", $"{Engine}.Answers.cs", "if (subscription.AwaitsLedger || subscription.Busy)", "if (subscription.AwaitsLedger)"),
        new("a refused bundle is followed by fresh bytes", $"{Engine}.Answers.cs", "            instance.BundleRefused = true;\n            subscription.RetryAt = retry;\n", "            instance.BundleRefused = true;\n"),

        // Order of writes, operators, clocks (E8, E9).
        new("state precedes bytes", $"{Engine}.Rotation.cs", "        _effects.Add(new SaveState(_saving, entry", "        _state = _saving;\n        _shared = _seams.EncodeBundle(_state, _state.Salt);\n        AttendConnected();\n        _effects.Add(new SaveState(_saving, entry"),
        new("epochs only rise", "SdsServer.Core/Rotation/Moves.cs", "state with { Epoch = state.Epoch + 1, Salt = salt }", "state with { Salt = salt }"),
        new("hold: moves nothing", $"{Engine}.Rotation.cs", "next.Plan is { Hold: null } plan && Step(", "next.Plan is { } plan && Step("),
        new("hold: a doubtful clock", $"{Engine}.Rotation.cs", "        if (_clock.InDoubt)\n", "        if (_clock.InDoubt && state.Plan is null)\n"),
        new("by hand: the engine takes no step", $"{Engine}.Gates.cs", "GateKind.Approval => false,", "GateKind.Approval => true,"),
        new("waves: only who was reached", $"{Engine}.Waves.cs", "string wanted = IsReached(instance, plan) ? plan.To : _state.Signer;", "string wanted = plan.WavesBegun > 0 ? plan.To : _state.Signer;"),
        new(
            "leaf rule: only under a root that is everywhere",
            new Edit($"{Engine}.Waves.cs", "authority && _state.IsSafe(authority.RootId, _state.Floor);", "authority;"),
            new Edit($"{Engine}.Issuing.cs", "!_state.IsSafe(_state.RootOf(SignerOf(instance)).Id, _state.Floor)", "_state.Authority(SignerOf(instance)).Tainted")),
        new("stolen: the other one signs while it can", $"{Engine}.Waves.cs", "return MaySign(other) ? other : wanted;", "return wanted;"),
        new("time gate: no removal that a leaf forbids", "SdsServer.Core/Rotation/RotationPlanner.cs", "bool allowed = gate != Gate.G3 || evidence;", "bool allowed = true;"),
        new("passed over: the decision is durable first", $"{Engine}.Gates.cs", "_overruled.Add(new SetLeafState(blocker.LeafSerial, LeafState.Overruled));", "_effects.Add(new SetLeafState(blocker.LeafSerial, LeafState.Overruled));"),
        new("passed over: back only at the floor", $"{Engine}.Members.cs", "Math.Max(instance.OverruledBelow, _floor)", "instance.OverruledBelow"),
        new("displaced: heard of", $"{Engine}.Answers.cs", "        Lose(subscription);\n        subscription.TimedOut = false;\n", "        if (displaced.Delivery > 0)\n        {\n            return;\n        }\n\n        Lose(subscription);\n        subscription.TimedOut = false;\n"),
        new("restart: what had expired stays expired", $"{Engine}.Members.cs", "row.State == LeafState.Expired || row.NotAfter", "row.NotAfter"),
        new("expiry: ends with the state whose floor rests on it", $"{Engine}.Departures.cs", "                _expired.Add(serial);\n                RememberSlots", "                RememberSlots"),
        new(
            "leaf: only under a root that is safe by the durable floor",
            new Edit($"{Engine}.Waves.cs", "_state.IsSafe(authority.RootId, _state.Floor)", "_state.IsSafe(authority.RootId, _floor)"),
            new Edit($"{Engine}.Issuing.cs", "_state.RootOf(SignerOf(instance)).Id, _state.Floor)", "_state.RootOf(SignerOf(instance)).Id, _floor)")),
        new("lineage: one process, both names: the lower stands", $"{Engine}.Subscriptions.cs", "        known.Lo = Math.Min(known.Lo, Math.Max(provisional.Lo, provisional.ArrivedAt));\n", ""),
        new("expiry: who came just before may be the same", $"{Engine}.Departures.cs", "if (owner.CountedAt is not null)", "if (owner.LeavesIssued < 0)"),
        new("slots: each is missing for W on its own", "SdsServer.Core/Fleet/SlotSet.cs", "RemoveAll(slot => ran - slot.Since >= window)", "RemoveAll(_ => ran - _missing[0].Since >= window)"),
        new("private salt: several bundles, one version", "SdsServer.Core/Fleet/TrustDomainEngine.Answers.cs", "subscription.IsVersionJoint || ", ""),
        new("waves: renewals undo no evidence", $"{Engine}.Waves.cs", "            accepted |= leaf.State == LeafState.Acked;\n", "            if (leaf.State != LeafState.Acked)\n            {\n                return false;\n            }\n\n            accepted = true;\n"),
        new("racing operators: expected revision", $"{Engine}.Commands.cs", "expected != _state.Decisions", "expected > _state.Decisions"),
        new("start again: the same request, the plan runs", $"{Engine}.Starting.cs", "            if (running.RequestId == order.RequestId)\n", "            if (running.RequestId == order.Actor)\n"),
        new("start again: the same request, the plan is over", $"{Engine}.Starting.cs", "if (_state.Past.FirstOrDefault(past => past.RequestId == order.RequestId) is { } over)", "if (_state.Past.FirstOrDefault(past => past.RequestId == order.Actor) is { } over)"),
        new("rehearsal: changes nothing", $"{Engine}.Starting.cs", "else if (order.ValidateOnly)", "else if (order.ValidateOnly && order.To.Length == 0)"),
        new("retire: not what is connected", $"{Engine}.Commands.cs", "if (instance.Connected)", "if (instance.Ended)"),
        new("clock: a jump ahead expires nothing", "SdsServer.Core/Fleet/ClockWatch.cs", "InDoubt && now.Utc > elapsed ? elapsed : now.Utc", "now.Utc"),
        new("clock: a jump back postpones no renewal", "SdsServer.Core/Fleet/ClockWatch.cs", "InDoubt && now.Utc < elapsed ? elapsed : now.Utc", "now.Utc"),
        new("clock: a gap over a restart is a doubt", $"{Engine}.cs", "_state.Plan is not null && (now.Utc - _state.SeenAt).Duration() > policy.MaxSkew", "false"),

        // The sessions.
        new("session: a refusal is a refusal", "SdsServer/Xds/DiscoverySession.cs", "if (text is not null)", "if (text is \"\")"),
        new(
            "session: stale answers prove nothing, an ACK repeats the version (SotW)",
            new Edit("SdsServer/Xds/SotwSession.cs", "if (Nonce is not null && request.ResponseNonce != Nonce)", "if (Nonce is not null && request.ResponseNonce.Length == 0)"),
            new Edit("SdsServer/Xds/SotwSession.cs", "request.VersionInfo == UnansweredVersion", "request.VersionInfo != Nonce")),
        new("session: stale answers prove nothing (delta)", "SdsServer/Xds/DeltaSession.cs", "if (IsUnanswered && request.ResponseNonce == Nonce)", "if (IsUnanswered)"),
        new("session: says what the client reports (SotW)", "SdsServer/Xds/SotwSession.cs", "string? reported = _wanted is null ? Reported(versionInfo) : null;", "string? reported = null;"),
        new("session: says what the client reports (delta)", "SdsServer/Xds/DeltaSession.cs", "out string? version) ? Reported(version) : null;", "out string? version) ? null : null;"),
        new("session: the version names the leaf that is kept", "SdsServer/Xds/DiscoverySession.cs", "sent.TryGetValue(subscription.Id, out string? next) ? next : subscription.HeldVersion)", "sent.TryGetValue(subscription.Id, out string? next) ? next : null)"),
        new("session: one response unanswered", "SdsServer/Xds/DiscoverySession.cs", "(!IsUnanswered || delivery.ReplacesUnanswered)", "(!IsUnanswered || delivery.Id > 0)"),
    ];
}
