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

    /// <summary>What speaks against publishing the bundle of this state; empty if nothing.</summary>
    public static IReadOnlyList<Finding> Lint(TrustState state, DateTimeOffset now) => BundleLint.Check(Encode(state, state.Salt).Pem.Span, [], now);
}
