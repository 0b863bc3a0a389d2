using System.Collections.Immutable;

namespace SdsServer.Core.Rotation;

/// <summary>
/// The only ways in which bundle and signer change. Pure; the guards are the planner's, but what would break the state itself is
/// refused here with <see cref="InvalidOperationException"/>.
/// </summary>
public static class Moves
{
    /// <summary>The root joins the bundle, behind the one that is there: the outgoing root stays first (envoy#47238).</summary>
    /// <param name="maxRoots">How many roots a bundle may hold (invariant I3).</param>
    public static TrustState AddTrust(TrustState state, string rootId, string salt, int maxRoots, DateTimeOffset now)
    {
        if (state.Trusts(rootId))
        {
            throw new InvalidOperationException($"root '{rootId}' is in the bundle already");
        }

        if (state.Bundle.Length >= maxRoots)
        {
            throw new InvalidOperationException($"the bundle holds {state.Bundle.Length} roots already; finish or roll back the rotation under way first");
        }

        long epoch = state.Epoch + 1;
        return Stepped(state, now) with
        {
            Epoch = epoch,
            Salt = salt,
            Bundle = state.Bundle.Add(rootId),
            Roots = Replace(state, state.Root(rootId) with { Since = epoch, DroppedAt = null, DroppedTime = null, SafeAt = null }),
        };
    }

    /// <summary>The authority signs for everyone from now on.</summary>
    public static TrustState SetSigner(TrustState state, string authorityId, DateTimeOffset now)
    {
        RequireSigner(state, authorityId);
        return Stepped(state, now) with { Signer = authorityId, SignerRevision = state.SignerRevision + 1 };
    }

    /// <summary>The plan's new authority signs for the waves begun; after the last one for everyone.</summary>
    /// <param name="begun">The plan with its waves begun, from <see cref="WaveAssignment.Begin"/>.</param>
    public static TrustState BeginWave(TrustState state, RotationPlan begun, DateTimeOffset now)
    {
        RequireSigner(state, begun.To);
        TrustState next = Stepped(state with { Plan = begun }, now);
        return next with { Signer = begun.WavesBegun == begun.WaveCount ? begun.To : state.Signer, SignerRevision = state.SignerRevision + 1 };
    }

    /// <summary>The root leaves the bundle.</summary>
    public static TrustState DropTrust(TrustState state, string rootId, string salt, DateTimeOffset now)
    {
        if (!state.Trusts(rootId))
        {
            throw new InvalidOperationException($"root '{rootId}' is not in the bundle");
        }

        if (state.RootOf(state.Signer).Id == rootId)
        {
            throw new InvalidOperationException($"root '{rootId}' is the one that authority '{state.Signer}' signs under");
        }

        long epoch = state.Epoch + 1;
        return Stepped(state, now) with
        {
            Epoch = epoch,
            Salt = salt,
            Bundle = state.Bundle.Remove(rootId),
            Roots = Replace(state, state.Root(rootId) with { DroppedAt = epoch, DroppedTime = now, SafeAt = null }),
        };
    }

    /// <summary>The same roots as bytes that were never sent before: everyone proves anew (rule E7, at the start of a term).</summary>
    public static TrustState Resalt(TrustState state, string salt) => state with { Epoch = state.Epoch + 1, Salt = salt };

    /// <summary>Whoever holds the key of this root must not count any more: no authority under it signs where another can.</summary>
    public static TrustState Taint(TrustState state, string rootId) => state with
    {
        Authorities = [.. state.Authorities.Select(authority => authority.RootId == rootId ? authority with { Tainted = true } : authority)],
    };

    /// <summary>An emergency takes the place of the plan under way, if there is one.</summary>
    public static TrustState Preempt(TrustState state, DateTimeOffset now) =>
        state.Plan is null ? state : Ended(state, now, preempted: true);

    /// <summary>The plan is over; its target signs alone.</summary>
    public static TrustState Finish(TrustState state, DateTimeOffset now) =>
        Ended(state, now, preempted: false) with { Decisions = state.Decisions + 1 };

    private static TrustState Ended(TrustState state, DateTimeOffset now, bool preempted)
    {
        RotationPlan plan = state.Plan ?? throw new InvalidOperationException("there is no plan");
        ImmutableArray<PastRotation> past = state.Past.Insert(
            0, new PastRotation(plan.Id, plan.RequestId, plan.Kind, plan.From, plan.To, plan.Goal, plan.StartedAt, now) { Preempted = preempted });
        return state with
        {
            Plan = null,
            Past = past.Length > TrustState.MaxPast ? past[..TrustState.MaxPast] : past,
        };
    }

    private static void RequireSigner(TrustState state, string authorityId)
    {
        Authority authority = state.Authority(authorityId);
        if (authority.Tainted)
        {
            throw new InvalidOperationException($"authority '{authorityId}' is tainted and never signs again");
        }

        if (!state.Trusts(authority.RootId))
        {
            throw new InvalidOperationException($"authority '{authorityId}' ends at root '{authority.RootId}', which is not in the bundle");
        }
    }

    private static TrustState Stepped(TrustState state, DateTimeOffset now) => state with
    {
        Decisions = state.Decisions + 1,
        Plan = state.Plan is null ? null : state.Plan with { StepSince = now, DrainedAt = null, WaveProvenAt = null, GoneAt = null },
    };

    private static ImmutableArray<TrustRoot> Replace(TrustState state, TrustRoot root) =>
        state.Roots.Replace(state.Root(root.Id), root);
}
