using SdsServer.Core.Rotation;
using SdsServer.Core.Secrets;

namespace SdsServer.Core.Fleet;

/// <summary>What the engine cannot decide from its own state; all of it must answer at once.</summary>
/// <param name="EncodeBundle">The bundle of this state as bytes that end in this salt.</param>
/// <param name="FindUnfit">What speaks against trusting this authority's root now (gate G0); empty if nothing.</param>
/// <param name="FindBundleFault">What is wrong with the bundle of this state at this time (invariant I8); null if nothing.</param>
/// <param name="RandomHex">This many random bytes as lower-case hex.</param>
/// <param name="Jitter">Spreads renewals and reconnects; need not be secret.</param>
public sealed record EngineSeams(
    Func<TrustState, string, BundlePayload> EncodeBundle,
    Func<TrustState, Authority, DateTimeOffset, IReadOnlyList<string>> FindUnfit,
    Func<TrustState, DateTimeOffset, string?> FindBundleFault,
    Func<int, string> RandomHex,
    Random Jitter);
