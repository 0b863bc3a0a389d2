using System.Security.Cryptography;
using SdsServer.Admin.Requests;
using SdsServer.Core.Authorities;
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

    private static Api.Refusal Unfit(Authority authority, IReadOnlyList<string> findings)
    {
        Api.Refusal refusal = DomainCommands.Refusal(Api.RefusalCode.CandidateUnfit, $"the root of '{authority.Id}' is not fit: {findings[0]}", Gate.G0);
        refusal.Findings.AddRange(findings);
        return refusal;
    }
}
