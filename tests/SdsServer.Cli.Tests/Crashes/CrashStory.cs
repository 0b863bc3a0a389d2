using System.Collections.Immutable;
using System.Diagnostics;
using Google.Protobuf.Collections;
using Google.Protobuf.WellKnownTypes;
using SdsServer.Cli.Admin;
using SdsServer.Cli.Demo;
using SdsServer.Grpc;
using SdsServer.Protos.Admin.V1;
using SdsServer.Testing;
using SdsServer.Testing.Processes;

namespace SdsServer.Cli.Tests.Crashes;

/// <summary>
/// One rotation of a small fleet under handshakes without pause, whose server is killed as planned and started again on what it left.
/// One sidecar is a step behind in each phase until every pair has shaken hands in it: a phase cannot pass untried.
/// </summary>
internal sealed class CrashStory : IAsyncDisposable
{
    private const int SidecarCount = 6;
    private const int Workers = 2;
    private const int DropSoaks = 4;
    private const string RotationId = "through-crashes";
    private const string Before = "before";
    private const string AtTheEnd = "the end";
    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(3);
    private static readonly TimeSpan s_tick = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan s_shortestSoak = TimeSpan.FromSeconds(1);
    private static readonly TimeProvider s_time = TimeProvider.System;

    private readonly CrashPlan _plan;
    private readonly ServerProgramFile _program;
    private readonly CancellationTokenSource _limit = new(s_limit);
    private readonly CancellationTokenSource _loadEnds = new();
    private readonly TemporaryDirectory _data = new("crash");
    private readonly PeriodicTimer _timer = new(s_tick);
    private readonly CommitWatch _watch;
    private readonly DemoFleet _fleet = new();
    private readonly AdminClient _admin;
    private readonly List<string> _kills = [];
    private readonly List<string> _problems = [];
    private readonly List<string> _phases = [];
    private ServerProcess _server;
    private HandshakeLoad _load;
    private Task _workers = Task.CompletedTask;
    private StoreStall? _stall;
    private TaskCompletionSource? _stalled;
    private TrustDomain? _trust;
    private Rotation? _rotation;
    private string? _stalledSecret;
    private ImmutableArray<Instance> _away = [];
    private string _newAuthority = "";
    private int _ordered;
    private int _target;
    private int _life;

    private CrashStory(CrashPlan plan, ServerProgramFile program)
    {
        (_plan, _program) = (plan, program);
        _watch = new CommitWatch(_data.Path, StoreReading.Database);
        _load = new HandshakeLoad([], plan.First, s_time);
        _server = Start();
        _admin = new AdminClient(_server.AdminAddress, new TlsFiles(null, null, null), null, TimeSpan.FromSeconds(10), _limit.Token);
    }

    private Sidecar Late => _fleet.Sidecars[^1];

    private bool TurnsBack => _plan.Rotation == CrashRotation.Back;

    // No bundle changes: what is behind is a leaf alone.
    private bool StaysUnderItsRoot => _plan.Rotation == CrashRotation.Intermediate;

    // SDSSERVER_E2E_SERVER: another build, to see whether these stories notice what is wrong with it.
    public static async Task<CrashReport> RunAsync(CrashPlan plan)
    {
        ServerProgramFile program = await ServerProgramFile.FindAsync(
            Environment.GetEnvironmentVariable("SDSSERVER_E2E_SERVER"), RepositoryRoot.Path, _ => { }, CancellationToken.None);
        await using CrashStory story = new(plan, program);
        return await story.TellAsync();
    }

    public async ValueTask DisposeAsync()
    {
        _watch.Dispose();
        _stall?.Dispose();
        await _loadEnds.CancelAsync();
        await _workers.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _fleet.DisposeAsync();
        _admin.Dispose();
        await _server.DisposeAsync();
        _data.Dispose();
        _timer.Dispose();
        _limit.Dispose();
        _loadEnds.Dispose();
    }

    private static string Label(TrustDomain trust) => trust.Goal == Goal.Unspecified ? $"{trust.Phase}" : $"{trust.Phase} {trust.Goal}";

    private static string WithoutServer(string phase) => $"{phase}, no server";

    // Safe although a real Envoy needs 30 s: within the reconnect window every stream that may still be there must have come back, and these
    // sidecars try ten times a second. The one that is a step behind may come later; it has leaves in the ledger, so it is a member all the time.
    private ServerProcess Start() => ServerProcess.Start(_program, _data.Path, DemoRun.ShortWindows);

    private async Task<CrashReport> TellAsync()
    {
        try
        {
            await TurnAsync();
        }
        catch (Exception error) when (error is OperationCanceledException or CliException or RpcException)
        {
            _problems.Add(_limit.IsCancellationRequested
                ? $"nothing more within {s_limit.TotalSeconds:0} s in {_load.Phase}: {_trust} {_rotation}; not connected: {string.Join("; ", _away.Select(static instance => $"{instance}"))}"
                : error.Message);
        }

        await _loadEnds.CancelAsync();
        await _workers.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _problems.AddRange(_load.Failures.Select(failure => $"{failure}"));
        return new CrashReport(
            _plan,
            _watch.Commits - _ordered,
            [.. _kills],
            _load.Done,
            _phases.Sum(phase => (long)_load.CountIn(WithoutServer(phase))),
            [.. _phases.Concat(_phases.Select(WithoutServer)).Select(phase => (phase, _load.FewestIn(phase))).Where(phase => phase.Item2 > 0)],
            _load.Failed,
            [.. _problems]);
    }

    private async Task TurnAsync()
    {
        await _server.WaitReadyAsync(s_time, _limit.Token);
        await _fleet.StartAsync(_admin, await _admin.ParentAsync(), _server.SdsAddress, SidecarCount, s_time);
        _load = new HandshakeLoad(_fleet.Sidecars, _plan.First, s_time);
        await UntilAsync(() => _fleet.Sidecars.TrueForAll(sidecar => sidecar.Identity is not null)
            && _trust is { } trust && trust.Floor == trust.Epoch && trust.Fleet?.Proven >= SidecarCount);
        Enter(Before);
        _workers = Task.WhenAll(Enumerable.Range(0, Workers).Select(_ => Task.Run(() => _load.RunAsync(_loadEnds.Token))));
        long begun = Stopwatch.GetTimestamp();
        await UntilAsync(() => _load.FewestIn(Before) > 0);
        TimeSpan soak = TimeSpan.FromTicks(Math.Max(s_shortestSoak.Ticks, (Stopwatch.GetElapsedTime(begun) * 2).Ticks));

        TlsIdentity abandoned = _fleet.Sidecars[0].Identity!;
        _ordered = _watch.Commits;
        if (_plan.How == KillKind.BeforeNextCommit)
        {
            _stall = new StoreStall(_data.Path);
        }

        if (_plan.First > 0)
        {
            KillAt(_ordered + _plan.First);
        }

        do
        {
            await LiveOnAsync();
            HoldBack();
            if (TurnsBack && _fleet.Sidecars[0].Identity is { } identity && identity.Leaf.IssuerKeyId == _newAuthority)
            {
                abandoned = identity;
            }

            await OrderAsync(soak);
        }
        while (_rotation is not { State: not RotationState.Active } || !_fleet.Sidecars.TrueForAll(IsThere));

        _watch.Rest();
        if (_kills.Count == 0 && (_server.HasExited || _stalled?.Task.IsCompleted == true))
        {
            await LiveOnAsync();
        }

        Enter(AtTheEnd);
        await UntilAsync(() => _load.FewestIn(AtTheEnd) > 0);
        await CheckEndAsync(abandoned);
    }

    /// <summary>Lets time pass, brings back a server that was killed, and looks at where things are.</summary>
    private async Task LiveOnAsync()
    {
        await _timer.WaitForNextTickAsync(_limit.Token);
        await _fleet.ThrowIfFailedAsync();
        if (_stalled is { Task.IsCompleted: true })
        {
            await LetEverythingElseHappenAsync();
            _server.Kill();
            await ReviveAsync();
        }
        else if (_server.HasExited)
        {
            await ReviveAsync();
        }

        try
        {
            if (_rotation is { State: RotationState.Active })
            {
                _rotation = await _admin.CallAsync(AdminMethods.GetRotation, new GetRotationRequest { Name = _rotation.Name });
            }

            _trust = await _admin.TrustDomainAsync();
            await RetireGhostsAsync();
            if (_load.Phase != AtTheEnd && (_load.Phase != Before || _trust.Phase != Phase.Steady))
            {
                Enter(Label(_trust));
            }
        }
        catch (RpcException) when (_plan.First > 0)
        {
            // It was killed between our question and its answer.
        }
    }

    /// <summary>
    /// What an operator does: a leaf whose row a kill left behind before its bytes went out may belong to a process that nobody has met again.
    /// </summary>
    private async Task RetireGhostsAsync()
    {
        if (_plan.Again is null || _trust is null)
        {
            return;
        }

        RepeatedField<Instance> all = (await _admin.ListAsync(AdminMethods.ListInstances, new ListInstancesRequest { Parent = _trust.Name })).Instances;
        _away = [.. all.Where(static instance => !instance.Connected)];
        foreach (Instance ghost in _away)
        {
            // A process that is back, and has not shown its leaf yet, has another name for a moment: what it really presents tells which of the two is nobody.
            string? presented = _fleet.Sidecars.Find(sidecar => sidecar.SpiffeId == ghost.SpiffeId)?.Identity?.Leaf.Serial;
            bool Has(Instance instance) => instance.OutstandingLeaves.Any(leaf => leaf.Serial.Equals(presented, StringComparison.OrdinalIgnoreCase));
            if (!Has(ghost) && all.Any(other => other.Connected && other.SpiffeId == ghost.SpiffeId && Has(other)))
            {
                await _admin.CallAsync(AdminMethods.RetireInstance, new RetireInstanceRequest { Name = ghost.Name, Reason = "its process is connected under another name" });
            }
        }
    }

    private RotationPolicy Policy(TimeSpan soak) => _plan.Rotation == CrashRotation.Emergency ? new RotationPolicy() : new RotationPolicy
    {
        Waves = { StaysUnderItsRoot ? [new Wave { Proxies = 1 }, new Wave { Percent = 100 }] : [new Wave { Percent = 100 }] },
        // One sidecar is kept from answering on purpose.
        MaxSilentPercent = 100,
        TrustSoak = soak.ToDuration(),
        CanarySoak = soak.ToDuration(),
        WaveSoak = soak.ToDuration(),
        // Nothing but this makes Drained last until every pair has shaken hands, after a restart in it, too.
        DropSoak = (soak * DropSoaks).ToDuration(),
    };

    private async Task OrderAsync(TimeSpan soak)
    {
        try
        {
            if (_rotation is null)
            {
                TrustDomain trust = await _admin.TrustDomainAsync();
                StartRotationResponse started = await _admin.CallAsync(AdminMethods.StartRotation, new StartRotationRequest
                {
                    Parent = trust.Name,
                    ExpectedRevision = trust.Revision,
                    RequestId = RotationId,
                    Kind = _plan.Rotation switch
                    {
                        CrashRotation.Emergency => RotationKind.Emergency,
                        CrashRotation.Intermediate => RotationKind.Intermediate,
                        _ => RotationKind.Planned,
                    },
                    NewAuthority = new NewAuthority { DisplayName = "next" },
                    Policy = Policy(soak),
                    Reason = "crash story",
                });
                _newAuthority = (await _admin.CallAsync(AdminMethods.GetAuthority, new GetAuthorityRequest { Name = started.Rotation.ToAuthority })).Ski;
                _rotation = started.Rotation;
            }
            else if (TurnsBack && _rotation.Goal == Goal.Forward && _rotation.State == RotationState.Active
                && _load.FewestIn("Issuing Forward") > 0 && _fleet.LeavesFrom(_newAuthority) >= SidecarCount - 1)
            {
                TrustDomain trust = await _admin.TrustDomainAsync();
                _rotation = await _admin.CallAsync(
                    AdminMethods.RollbackRotation, new RollbackRotationRequest { Name = _rotation.Name, ExpectedRevision = trust.Revision, Reason = "crash story" });
            }
        }
        catch (RpcException error) when (error.StatusCode == StatusCode.Aborted || _plan.First > 0)
        {
            // A step came between our reading and our order, or the kill between the order and its answer: it is given again.
        }
    }

    /// <summary>Stalls the late sidecar where this phase, or the one to come, must wait for it; lets it go where every pair has shaken hands.</summary>
    private void HoldBack()
    {
        bool tried = _load.FewestIn(_load.Phase) > 0;
        string? wanted = _trust?.Phase switch
        {
            _ when _load.Failed > 0 => null,
            Phase.Issuing when StaysUnderItsRoot => tried ? null : Sidecar.LeafName,
            not Phase.Steady when StaysUnderItsRoot => null,
            Phase.Steady when StaysUnderItsRoot && _rotation is null => Sidecar.LeafName,
            // The server may not come here while the late sidecar lacks the new root: if it does, the handshakes must show it.
            Phase.Issuing when _load.FewestIn("Distributing Forward") == 0 => Sidecar.BundleName,
            // No soak is between this and the removal.
            Phase.Issuing when _plan.Rotation == CrashRotation.Emergency && tried => Sidecar.BundleName,
            Phase.Distributing => tried ? Sidecar.LeafName : Sidecar.BundleName,
            Phase.Issuing => tried && !(TurnsBack && _trust.Goal == Goal.Forward) ? null : Sidecar.LeafName,
            Phase.Removing => tried ? null : Sidecar.BundleName,
            Phase.Steady when _rotation is { State: not RotationState.Active } => null,
            _ => Sidecar.BundleName,
        };
        if (wanted == _stalledSecret)
        {
            return;
        }

        Late.Resume();
        if (wanted is not null)
        {
            Late.Stall(wanted);
        }

        _stalledSecret = wanted;
    }

    private void Enter(string phase)
    {
        _load.Phase = phase;
        if (!_phases.Contains(phase, StringComparer.Ordinal))
        {
            _phases.Add(phase);
        }
    }

    private void KillAt(int commit)
    {
        _target = commit;
        _life = commit - _ordered;
        if (_plan.How == KillKind.AtCommit)
        {
            ServerProcess server = _server;
            _watch.At(commit, server.Kill);
            return;
        }

        _stalled = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _watch.At(commit, () =>
        {
            _stall!.Begin();
            _stalled.SetResult();
        });
    }

    private async Task LetEverythingElseHappenAsync()
    {
        string phase = _load.Phase;
        Enter($"{phase}, store stalled");

        // The next decision, too, where only a soak is before it: it cannot be durable, so nobody may be told.
        DateTimeOffset due = await NextDecisionAsync();
        while (s_time.GetUtcNow() < due)
        {
            await _timer.WaitForNextTickAsync(_limit.Token);
        }

        int before = _load.FewestIn(_load.Phase);
        while (_load.FewestIn(_load.Phase) < before + 2)
        {
            await _timer.WaitForNextTickAsync(_limit.Token);
        }

        Enter(phase);
    }

    private async Task<DateTimeOffset> NextDecisionAsync()
    {
        DateTimeOffset now = s_time.GetUtcNow();
        if (_rotation is not { State: RotationState.Active } ordered)
        {
            return now;
        }

        try
        {
            _rotation = await _admin.CallAsync(AdminMethods.GetRotation, new GetRotationRequest { Name = ordered.Name });
        }
        catch (RpcException error) when (error.StatusCode == StatusCode.DeadlineExceeded)
        {
            // What reads the store may wait behind what cannot be written.
        }

        // Where somebody is absent it says when that one's leaf expires.
        return _rotation.Gate?.Refusal is { Blockers.Count: > 0 } soaks && soaks.Blockers.All(static blocker => blocker.Reason == BlockerReason.Soak)
            ? soaks.EarliestTime.ToDateTimeOffset()
            : now;
    }

    private async Task ReviveAsync()
    {
        _watch.Rest();
        string phase = _load.Phase;
        await _server.DisposeAsync();
        _stall?.Dispose();
        (_stall, _stalled) = (null, null);
        _load.Phase = WithoutServer(phase);
        int before = _load.FewestIn(_load.Phase);
        while (_load.FewestIn(_load.Phase) == before)
        {
            await _timer.WaitForNextTickAsync(_limit.Token);
        }

        CheckWhatWasLeft();
        _server = Start();
        if (_plan.Again is { } longer)
        {
            // Its stream is stuck in what it holds back, and would not be opened anew: the two would wait for each other.
            Late.Resume();
            _stalledSecret = null;
            _life += longer;
            _target = _watch.Commits + _life;
            _watch.At(_target, _server.Kill);
        }

        try
        {
            await _server.WaitReadyAsync(s_time, _limit.Token);
        }
        catch (CliException) when (_plan.Again is not null && _server.HasExited)
        {
            // Killed while it began its term.
        }

        _load.Phase = phase;
    }

    /// <summary>Rule I6, I7: what a sidecar holds is in the store.</summary>
    private void CheckWhatWasLeft()
    {
        List<long> ends = WriteAheadLog.Commits(Path.Combine(_data.Path, StoreReading.Database + "-wal"));
        ImmutableArray<StoreReading> readings = [.. ends.Skip(_target - 2).Select(end => StoreReading.Of(_data.Path, end))];
        _kills.Add(string.Join("; ", readings.Skip(1).Select((reading, after) => $"{_target + after - _ordered}: {reading.Since(readings[after])}")));
        StoreReading left = readings[^1];
        foreach (Sidecar sidecar in _fleet.Sidecars)
        {
            TlsIdentity held = sidecar.Identity!;
            if (held.Bundle.Epoch > left.Epoch)
            {
                _problems.Add($"{sidecar.Name} got the bundle of epoch {held.Bundle.Epoch}, and the store was at {left.Epoch}");
            }

            if (!left.Leaves.ContainsKey(held.Leaf.Serial.ToLowerInvariant()))
            {
                _problems.Add($"{sidecar.Name} got leaf {held.Leaf.Serial}, which is not in the ledger");
            }
        }
    }

    private bool IsThere(Sidecar sidecar) => sidecar.Identity is { } identity && identity.Bundle.Roots.Count == 1
        && (StaysUnderItsRoot || identity.Leaf.Issuer == identity.Bundle.Roots[0].Subject) && (identity.Leaf.IssuerKeyId == _newAuthority) != TurnsBack;

    private async Task CheckEndAsync(TlsIdentity abandoned)
    {
        RotationState expected = TurnsBack ? RotationState.RolledBack : RotationState.Completed;
        if (_rotation!.State != expected)
        {
            _problems.Add($"the rotation is {_rotation.State}, not {expected}");
        }

        if (_fleet.Nacks > 0)
        {
            _problems.Add($"{_fleet.Nacks} secrets were refused");
        }

        string[] phases = _plan.Rotation switch
        {
            CrashRotation.Back => ["Distributing Forward", "Issuing Forward", "Issuing Back", "Drained Back", "Removing Back"],
            CrashRotation.Intermediate => ["Issuing Forward"],
            CrashRotation.Emergency => ["Distributing Forward", "Issuing Forward", "Removing Forward"],
            _ => ["Distributing Forward", "Issuing Forward", "Drained Forward", "Removing Forward"],
        };
        // A server that is killed again and again may be past a phase before anybody has looked.
        _problems.AddRange(phases.Where(phase => _plan.Again is null && _load.FewestIn(phase) + _load.FewestIn(WithoutServer(phase)) == 0).Select(phase => $"not every pair shook hands in {phase}"));

        Sidecar owner = _fleet.Sidecars[0];
        TlsIdentity old = new(abandoned.Leaf, owner.Identity!.Bundle);
        foreach (Sidecar peer in _fleet.Sidecars.Skip(1))
        {
            string? refusal = await Handshake.TryAsync(old, owner.SpiffeId, peer.Identity!, peer.SpiffeId, _limit.Token);
            if (refusal is null != StaysUnderItsRoot)
            {
                _problems.Add(refusal is null ? $"{peer.Name} accepts a leaf of the root that is gone" : $"{peer.Name} refuses a leaf of the root that stays: {refusal}");
            }
        }
    }

    private async Task UntilAsync(Func<bool> condition)
    {
        while (!condition())
        {
            await LiveOnAsync();
        }
    }
}
