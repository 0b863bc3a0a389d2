using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;

namespace SdsServer.Core.Rotation;

/// <summary>When a root is left by itself, before it expires. Pure: whoever asks twice, also after a restart, is told the same.</summary>
/// <param name="Prepare">Part of the signing authority's life after which another root, with a key of its own, is made and distributed.</param>
/// <param name="Activate">Part of it after which the new root begins to sign.</param>
public sealed record RotationSchedule(double Prepare, double Activate)
{
    private const int MaxId = 63;
    private const int DigestBytes = 8;

    /// <summary>
    /// The rotation that is due now; null if none is, or one is under way, or this one was started before. An intermediate whose root has
    /// time left is replaced by another one below that root.
    /// </summary>
    /// <param name="lifeOf">When the life of a certificate (DER) begins and ends.</param>
    public ScheduledRotation? Due(TrustState state, Func<ImmutableArray<byte>, (DateTimeOffset NotBefore, DateTimeOffset NotAfter)> lifeOf, DateTimeOffset now)
    {
        Authority expiring = state.Authority(state.Signer);
        string id = RequestIdFor(expiring.Id);
        for (int attempt = 2; state.Past.FirstOrDefault(past => past.RequestId == id) is { } before; attempt++)
        {
            // One that was turned back stays back: whoever did that knows why. An emergency that took over has said nothing of it.
            if (!before.Preempted)
            {
                return null;
            }

            id = RequestIdFor(expiring.Id, attempt);
        }

        if (state.Plan is not null)
        {
            return null;
        }

        return IsDue(expiring.Chain[^1]) ? Of(RotationKind.Planned, expiring.Chain[^1])
            : IsDue(expiring.Chain[0]) ? Of(RotationKind.Intermediate, expiring.Chain[0])
            : null;

        bool IsDue(ImmutableArray<byte> certificate) => now >= At(certificate, Prepare);

        DateTimeOffset At(ImmutableArray<byte> certificate, double part)
        {
            (DateTimeOffset begin, DateTimeOffset end) = lifeOf(certificate);
            return begin + ((end - begin) * part);
        }

        ScheduledRotation Of(RotationKind kind, ImmutableArray<byte> certificate) => new(expiring.Id, kind, id, At(certificate, Activate));
    }

    /// <summary>The same for the same authority, so that it is left once.</summary>
    /// <param name="attempt">Which one it is; only after an emergency has taken over from those before.</param>
    public static string RequestIdFor(string authorityId, int attempt = 1)
    {
        string prefix = attempt == 1 ? "auto" : $"auto{attempt}";
        return $"{prefix}-{authorityId}" is { Length: <= MaxId } id
            ? id
            : $"{prefix}-{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(authorityId)).AsSpan(0, DigestBytes))}";
    }
}
