using System.Security.Cryptography;
using SdsServer.Admin.Requests;
using SdsServer.Core.Authorities;
using SdsServer.Core.Pki;
using SdsServer.Core.Rotation;
using Api = SdsServer.Protos.Admin.V1;

namespace SdsServer.Admin;

/// <summary>Opens an authority's key before the engine judges its root (gate G0): the engine has to answer at once.</summary>
internal sealed class RootReadiness(RootFitness fitness, TimeProvider time, ILogger logger)
{
    /// <summary>Null when the key is open; else why not.</summary>
    public async Task<Api.Refusal?> OpenAsync(Authority authority, CancellationToken cancellation)
    {
        try
        {
            await fitness.PrepareAsync(authority, cancellation);
            return null;
        }
        catch (Exception error) when (error is KeyNotFoundException or CryptographicException or FormatException)
        {
            return Unfit(authority, [error.Message]);
        }
        catch (Exception error) when (error is not OperationCanceledException)
        {
            AdminLog.StoreUnavailable(logger, error);
            throw AdminErrors.StoreUnavailable($"the store did not give the key of '{authority.Id}'; try again, and see the server's log");
        }
    }

    /// <summary>Null when the root may enter the bundle now; else what speaks against it.</summary>
    public async Task<Api.Refusal?> JudgeAsync(TrustState state, Authority authority, CancellationToken cancellation)
    {
        if (authority.Tainted)
        {
            return DomainCommands.Refusal(Api.RefusalCode.AuthorityTainted, $"authority '{authority.Id}' is tainted: it never signs again", Gate.G0);
        }

        return await OpenAsync(authority, cancellation)
            ?? (fitness.FindUnfit(state, authority, time.GetUtcNow()) is { Count: > 0 } findings ? Unfit(authority, findings) : null);
    }

    /// <summary>Null when an authority that is made like this could be taken; else why not. It is made, judged and forgotten.</summary>
    /// <param name="issuer">The root to sign an intermediate; null makes a root.</param>
    public async Task<Api.Refusal?> RehearseAsync(TrustState state, AuthorityProfile profile, Authority? issuer, CancellationToken cancellation)
    {
        if (issuer is not null && await OpenAsync(issuer, cancellation) is { } closed)
        {
            return closed;
        }

        try
        {
            DateTimeOffset now = time.GetUtcNow();
            using SigningAuthority made = issuer is null
                ? SigningAuthority.CreateRoot(profile, now)
                : (await fitness.PrepareAsync(issuer, cancellation)).CreateIntermediate(profile, now);
            return fitness.FindUnfit(state, made, now) is { Count: > 0 } findings ? Unfit($"the new {(issuer is null ? "root" : "intermediate")}", findings) : null;
        }
        catch (IssuanceException cannot)
        {
            return DomainCommands.Refusal(Api.RefusalCode.CandidateUnfit, cannot.Message, Gate.G0);
        }
    }

    private static Api.Refusal Unfit(Authority authority, IReadOnlyList<string> findings) => Unfit($"the root of '{authority.Id}'", findings);

    private static Api.Refusal Unfit(string what, IReadOnlyList<string> findings)
    {
        Api.Refusal refusal = DomainCommands.Refusal(Api.RefusalCode.CandidateUnfit, $"{what} is not fit: {findings[0]}", Gate.G0);
        refusal.Findings.AddRange(findings);
        return refusal;
    }
}
