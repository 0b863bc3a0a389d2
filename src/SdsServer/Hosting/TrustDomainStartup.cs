using System.Globalization;
using System.Security.Cryptography;
using SdsServer.Core.Authorities;
using SdsServer.Core.Fleet;
using SdsServer.Core.Issuance;
using SdsServer.Core.Pki;
using SdsServer.Core.Rotation;

namespace SdsServer.Hosting;

/// <summary>Brings a trust domain up from its store: makes its first root if there is none, and begins the leader's term.</summary>
internal static class TrustDomainStartup
{
    /// <exception cref="CryptographicException">The signer's key cannot be decrypted.</exception>
    /// <exception cref="KeyNotFoundException">The signer's key is gone: it is not made anew, since that would be another root.</exception>
    public static async Task<TrustDomainLoop> StartAsync(
        ServerSettings settings, ITrustStore store, Keyring keyring, RootFitness fitness, TimeProvider time, ILogger<TrustDomainLoop> logger, CancellationToken cancellation)
    {
        MonotonicClock clock = new(time);
        string trustDomain = settings.TrustDomain.Name;
        // All rows: which of them have expired is for the engine to judge, which knows when to doubt the wall clock (rotation rule E9).
        TrustRecord record = await store.BeginTermAsync(trustDomain, DateTimeOffset.MinValue, cancellation);
        if (record.State is null)
        {
            record = record with { State = await FoundAsync(settings, store, record.Term, clock.Now.Utc, cancellation) };
        }

        await keyring.OpenAsync(record.State.Authority(record.State.Signer), cancellation);
        EngineSeams seams = new(
            BundleEncoder.Encode,
            fitness.FindUnfit,
            BundleEncoder.FindFault,
            bytes => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(bytes)),
            Random.Shared);
        TrustDomainEngine engine = new(record, settings.Fleet, seams, clock.Now);
        LeafSigner signer = new(keyring, settings.Leaves, settings.LeafKeys);
        EffectRunner effects = new(store, signer, trustDomain, record.Term, time, logger, settings.RotationWebhook);
        TrustDomainLoop loop = new(engine, effects, clock, logger);
        loop.Start();
        await loop.Begun.WaitAsync(cancellation);
        effects.StartPruning(loop);
        return loop;
    }

    private static async Task<TrustState> FoundAsync(ServerSettings settings, ITrustStore store, long term, DateTimeOffset now, CancellationToken cancellation)
    {
        // The key goes first: an id never comes back, so a start that dies in between leaves an unused key and nothing else.
        string id = string.Create(CultureInfo.InvariantCulture, $"root-{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(4))}");
        AuthorityProfile profile = new(settings.TrustDomain) { Algorithm = settings.RootKeys, Lifetime = settings.RootLifetime };
        (Authority authority, TrustRoot root) = await new BuiltInRoot(store).CreateAsync(id, profile, "first start", term, now, cancellation);
        TrustState state = new()
        {
            TrustDomain = settings.TrustDomain.Name,
            Revision = 1,
            Decisions = 1,
            Term = term,
            Epoch = 1,
            Floor = 1,
            Salt = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16)),
            Authorities = [authority],
            Roots = [root with { Since = 1, SafeAt = now }],
            Bundle = [root.Id],
            Signer = authority.Id,
            SeenAt = now,
        };
        Decision made = new()
        {
            At = now,
            Actor = "engine",
            Kind = DecisionKind.CreateTrustDomain,
            Subject = root.Id,
            Action = $"create trust domain {state.TrustDomain} with root {root.Id}",
            Reason = "first start",
            Evidence = "epoch 1, floor 1",
            Revision = state.Decisions,
        };
        await store.SaveAsync(state, [made], [], cancellation);
        return state;
    }
}
