using SdsServer.Core.Pki;
using SdsServer.Core.Rotation;

namespace SdsServer.Core.Authorities;

/// <summary>Gate G0: whether an authority's root may be trusted beside those that are, or its chain sign under one that is.</summary>
public sealed class RootFitness(Keyring keyring, LeafPolicy leaves, TimeSpan expectedPlanTime)
{
    /// <summary>What speaks against it; empty if nothing. Signs a trial leaf, so the authority must be open: see <see cref="PrepareAsync"/>.</summary>
    public IReadOnlyList<string> FindUnfit(TrustState state, Authority authority, DateTimeOffset now)
    {
        bool trusted = state.Trusts(authority.RootId);
        if (!trusted && state.Root(authority.RootId).Since is not null)
        {
            // It was in use before: on the way back only its remaining life counts.
            Certificate known = Certificate.Parse(state.Root(authority.RootId).Certificate.AsSpan());
            return known.NotAfter > now + leaves.Lifetime ? [] : [$"its root ends at {known.NotAfter:u}, before a leaf of {leaves.Lifetime} would"];
        }

        // Before its key is tried: what is wrong with the certificate says what to do, what fails because of it does not.
        if (!trusted && AuthorityRules.Check("root", Certificate.Parse(state.Root(authority.RootId).Certificate.AsSpan()), now).ToList() is { Count: > 0 } findings)
        {
            return [.. findings.Select(finding => finding.ToString())];
        }

        Task<SigningAuthority> opening = keyring.OpenAsync(authority, CancellationToken.None);
        if (!opening.IsCompletedSuccessfully)
        {
            return [$"the key of '{authority.Id}' could not be opened{(opening.Exception is { } error ? $": {error.InnerException!.Message}" : " in time; try again")}"];
        }

        return FindUnfit(state, opening.GetAwaiter().GetResult(), now);
    }

    /// <summary>The same of one that was made just now, and that nobody needs to know yet.</summary>
    public IReadOnlyList<string> FindUnfit(TrustState state, SigningAuthority signer, DateTimeOffset now)
    {
        string root = RootId.Of(signer.Root);
        IReadOnlyList<Certificate> trial;
        try
        {
            SpiffeId probe = SpiffeId.Parse($"spiffe://{state.TrustDomain}/sdsserver/trial");
            (IssuedLeaf leaf, PrivateKey key) = new LeafIssuer(signer, leaves).Issue(new LeafRequest(probe), KeyAlgorithm.EcdsaP256, now);
            key.Dispose();
            trial = Certificate.ParsePem(leaf.ChainPem.Span);
        }
        catch (IssuanceException refused)
        {
            return [refused.Message];
        }

        if (state.Trusts(root))
        {
            IReadOnlyList<Certificate> roots = [.. state.Bundle.Select(id => Certificate.Parse(state.Root(id).Certificate.AsSpan()))];
            return [.. ChainFitness.Check(signer.Chain, trial, roots, TrustDomain.Parse(state.TrustDomain), leaves.Lifetime, now)];
        }

        TrustBundle bundle = new([.. state.Bundle.Where(id => id != root).Select(id => Certificate.Parse(state.Root(id).Certificate.AsSpan()))]);
        AdmissionContext context = new(bundle, [TrustDomain.Parse(state.TrustDomain)], [], leaves.Lifetime, expectedPlanTime);
        return [.. RootAdmission.Check(new RootCandidate(signer.Root, trial), context, now).Select(finding => finding.ToString())];
    }

    /// <summary>Opens the authority's key, so that <see cref="FindUnfit"/> can answer at once.</summary>
    public Task<SigningAuthority> PrepareAsync(Authority authority, CancellationToken cancellation) => keyring.OpenAsync(authority, cancellation);
}
