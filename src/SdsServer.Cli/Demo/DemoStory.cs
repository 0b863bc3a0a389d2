using Google.Protobuf.WellKnownTypes;
using SdsServer.Cli.Admin;
using SdsServer.Cli.Output;
using SdsServer.Grpc;
using SdsServer.Protos.Admin.V1;

namespace SdsServer.Cli.Demo;

/// <summary>What happens in the demo: a whole rotation, then one that is turned back half way.</summary>
internal sealed class DemoStory(DemoState state, AdminClient admin, ServerProcess server, TimeProvider time, CancellationToken cancellation)
{
    // Envoy needs the longer waiting times.
    private readonly TimeSpan _limit = TimeSpan.FromSeconds(state.Envoys is null ? 90 : 300);
    private static readonly TimeSpan s_shortSoak = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_longestSoak = TimeSpan.FromSeconds(6);
    // A slow machine with many sidecars shows less, and is done in time all the same. What was shown is printed.
    private static readonly TimeSpan s_longestRound = TimeSpan.FromSeconds(10);
    private TimeSpan _soak = s_shortSoak;

    /// <summary>What was done, a sentence each.</summary>
    public List<string> Outcomes { get; } = [];

    /// <summary>Until every sidecar has its identity and has proven the bundle.</summary>
    public async Task EnrolAsync()
    {
        state.Stage = "sidecars take their identities";
        int count = state.Fleet.Sidecars.Count;
        await UntilAsync(() => state.Fleet.Sidecars.All(sidecar => sidecar.Identity is not null)
            && state.Trust is { } trust && trust.Floor == trust.Epoch && trust.Fleet?.Proven >= count + (state.Envoys is null ? 0 : 2));
    }

    /// <summary>Until every pair has shaken hands; sets the waiting times so that every pair does in each phase, where that is not too long.</summary>
    public async Task WarmUpAsync()
    {
        state.Stage = "every pair shakes hands";
        long begun = time.GetTimestamp();
        await UntilAsync(() => state.Load.Rounds >= 1 || time.GetElapsedTime(begun) > s_longestRound);
        TimeSpan round = time.GetElapsedTime(begun) * 1.2;
        _soak = round < s_shortSoak ? s_shortSoak : round > s_longestSoak ? s_longestSoak : round;
    }

    public async Task RotateAsync()
    {
        DateTimeOffset begun = time.GetUtcNow();
        LeafSecret oldLeaf = state.Fleet.Sidecars[0].Identity!.Leaf;
        Sidecar canary = state.Fleet.Sidecars[state.Fleet.Sidecars.Count / 2];
        Wave[] waves = [new Wave { Selector = new WaveSelector { PathPrefix = new Uri(canary.SpiffeId).AbsolutePath } }, new Wave { Percent = 50 }];
        Rotation rotation = await StartAsync("rotation 1 of 2, a canary and two more waves", "demo-forward", _soak, waves, () => canary.Refuse(Sidecar.LeafName));
        await UntilAsync(() => state.Rotation is not { State: RotationState.Active, Held: false });
        int moved = state.LeavesOnNewRoot;
        state.Stage = $"rotation 1 of 2, halted: the canary {canary.Name} refuses its new leaf";
        await ShowAsync();
        canary.Resume();
        state.Stage = $"rotation 1 of 2, {canary.Name} is mended";
        await UntilAsync(() => state.Rotation is not { State: RotationState.Active, Held: true });
        Outcomes.Add($"halted when the canary {canary.Name} refused its new leaf, with {moved} of {state.Fleet.Sidecars.Count} leaves on the new root; went on by itself once it was mended");
        await UntilAsync(() => state.Rotation?.State is not RotationState.Active);
        Expect(RotationState.Completed);
        Outcomes.Add($"moved from {ResourceName.Id(rotation.FromAuthority)} to {ResourceName.Id(rotation.ToAuthority)} in {Seconds(begun)}");
        state.Stage = "rotation 1 of 2, done";
        await FullRoundAsync();
        Outcomes.Add($"a leaf of the old root is refused by {await RefusalsAsync(oldLeaf)} of {state.Fleet.Sidecars.Count - 1} peers now");
    }

    public async Task RollBackAsync()
    {
        DateTimeOffset begun = time.GetUtcNow();
        Sidecar silent = state.Fleet.Sidecars[^1];
        Rotation rotation = await StartAsync("rotation 2 of 2, with one sidecar that stops answering", "demo-back", s_shortSoak, [new Wave { Percent = 100 }], () => silent.Stall(Sidecar.LeafName));
        int others = state.Fleet.Sidecars.Count - 1;
        await UntilAsync(() => state.Rotation?.Phase == Phase.Issuing && state.LeavesOnNewRoot == others);
        int moved = state.LeavesOnNewRoot;
        state.Stage = "rotation 2 of 2, turned back";
        await TurnBackAsync(rotation.Name);
        silent.Resume();
        await UntilAsync(() => state.Rotation?.State is not RotationState.Active);
        Expect(RotationState.RolledBack);
        Outcomes.Add($"began to move to {ResourceName.Id(rotation.ToAuthority)}, turned back with {moved} of {others + 1} leaves on it, "
            + $"all back on {ResourceName.Id(rotation.FromAuthority)} after {Seconds(begun)}");
        state.Stage = "rotation 2 of 2, back where it began";
        await FullRoundAsync();
    }

    private async Task<Rotation> StartAsync(string stage, string id, TimeSpan soak, Wave[] waves, Action beforehand)
    {
        TrustDomain trust = await admin.TrustDomainAsync();
        (state.Trust, state.Rotation, state.Stage) = (trust, null, stage);
        beforehand();
        StartRotationResponse started = await admin.CallAsync(AdminMethods.StartRotation, new StartRotationRequest
        {
            Parent = trust.Name,
            ExpectedRevision = trust.Revision,
            RequestId = id,
            Kind = RotationKind.Planned,
            NewAuthority = new NewAuthority { DisplayName = $"{id} root" },
            Policy = new RotationPolicy
            {
                Waves = { waves },
                MaxInFlight = state.Fleet.Sidecars.Count,
                TrustSoak = soak.ToDuration(),
                CanarySoak = s_shortSoak.ToDuration(),
                WaveSoak = s_shortSoak.ToDuration(),
                DropSoak = soak.ToDuration(),
            },
            Reason = "sdsctl demo",
        });
        Authority to = await admin.CallAsync(AdminMethods.GetAuthority, new GetAuthorityRequest { Name = started.Rotation.ToAuthority });
        state.NewRoot = to.Ski;
        state.Rotation = started.Rotation;
        return started.Rotation;
    }

    private async Task TurnBackAsync(string name)
    {
        while (true)
        {
            try
            {
                TrustDomain trust = await admin.TrustDomainAsync();
                state.Rotation = await admin.CallAsync(
                    AdminMethods.RollbackRotation, new RollbackRotationRequest { Name = name, ExpectedRevision = trust.Revision, Reason = "sdsctl demo" });
                return;
            }
            catch (RpcException error) when (error.StatusCode == StatusCode.Aborted)
            {
                // A step was taken between our reading and our command.
                cancellation.ThrowIfCancellationRequested();
            }
        }
    }

    private async Task<int> RefusalsAsync(LeafSecret oldLeaf)
    {
        Sidecar owner = state.Fleet.Sidecars[0];
        TlsIdentity old = new(oldLeaf, owner.Identity!.Bundle);
        int refused = 0;
        foreach (Sidecar peer in state.Fleet.Sidecars.Skip(1))
        {
            string? error = await Handshake.TryAsync(old, owner.SpiffeId, peer.Identity!, peer.SpiffeId, cancellation);
            refused += error is null ? 0 : 1;
        }

        return refused;
    }

    private void Expect(RotationState expected)
    {
        if (state.Rotation?.State != expected)
        {
            throw new CliException(ExitCodes.Failure, $"the rotation should be {EnumText.Of(expected)}, but is {EnumText.Of(state.Rotation?.State ?? RotationState.Unspecified)}");
        }
    }

    private async Task UntilAsync(Func<bool> condition)
    {
        long begun = time.GetTimestamp();
        while (!condition())
        {
            await server.ThrowIfExitedAsync();
            state.Envoys?.ThrowIfExited();
            await state.Fleet.ThrowIfFailedAsync();
            await RefreshAsync();
            if (time.GetElapsedTime(begun) > _limit)
            {
                string where = state.Rotation is { } rotation ? RotationScreen.Line(rotation, time.GetUtcNow()) : state.Trust is { } trust ? TrustText.State(trust) : "nothing is known";
                throw new CliException(ExitCodes.Failure, $"{state.Stage}: nothing more within {_limit.TotalSeconds:0} s; {where}", $"the server's log is {server.LogFile}");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(50), time, cancellation);
        }
    }

    // Long enough for whoever looks on.
    private Task ShowAsync()
    {
        long begun = time.GetTimestamp();
        return UntilAsync(() => time.GetElapsedTime(begun) > s_shortSoak);
    }

    // The round under way began before; the one after it is whole.
    private Task FullRoundAsync()
    {
        int last = state.Load.Rounds + 2;
        long begun = time.GetTimestamp();
        return UntilAsync(() => state.Load.Rounds >= last || time.GetElapsedTime(begun) > s_longestRound);
    }

    private async Task RefreshAsync()
    {
        if (state.Rotation is { State: RotationState.Active, Name.Length: > 0 } rotation)
        {
            state.Rotation = await admin.CallAsync(AdminMethods.GetRotation, new GetRotationRequest { Name = rotation.Name });
        }

        state.Trust = await admin.TrustDomainAsync();
    }

    private string Seconds(DateTimeOffset begun) => FormattableString.Invariant($"{(time.GetUtcNow() - begun).TotalSeconds:0.0} s");
}
