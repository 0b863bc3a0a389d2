using SdsServer.Core.Pki;
using SdsServer.Core.Rotation;
using SdsServer.Core.Secrets;

namespace SdsServer.Core.Issuance;

/// <summary>Turns the bundle of a state into bytes that pass the lint, or throws: an empty or broken bundle turns verification off in Envoy.</summary>
public static class BundleEncoder
{
    /// <exception cref="InvalidOperationException">The bundle does not pass the lint.</exception>
    public static BundlePayload Encode(TrustState state, string salt)
    {
        TrustBundle bundle = new([.. state.Bundle.Select(id => Certificate.Parse(state.Root(id).Certificate.AsSpan()))]);
        return new BundlePayload(state.Epoch, bundle.ToPem(new BundleStamp(state.Epoch, salt)));
    }

    /// <summary>
    /// What is wrong with the bundle of this state (rotation invariant I8); null if nothing. A root that has expired while a plan moves
    /// away from it is none: the plan drops it, a third one too, and its leaves have expired as well.
    /// </summary>
    public static string? FindFault(TrustState state, DateTimeOffset now)
    {
        string? staying = state.Plan is { } plan ? state.RootOf(plan.Target).Id : null;
        TrustBundle bundle = new([.. state.Bundle.Select(id => (Id: id, Root: Certificate.Parse(state.Root(id).Certificate.AsSpan())))
            .Where(known => staying is null || known.Id == staying || known.Root.NotAfter > now)
            .Select(known => known.Root)]);
        return BundleLint.Check(bundle.ToPem(new BundleStamp(state.Epoch, state.Salt)), [], now) is [Finding first, ..] ? first.ToString() : null;
    }
}
