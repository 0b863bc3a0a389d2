using System.Collections.Immutable;
using SdsServer.Core.Secrets;

namespace SdsServer.Core.Fleet;

/// <summary>A leaf as it came from the signer, linted.</summary>
/// <param name="Anchors">Ids of the known roots its chain can end at, found by verifying these very bytes.</param>
public sealed record SignedLeaf(
    LeafPayload Payload,
    DateTimeOffset NotBefore,
    DateTimeOffset NotAfter,
    ImmutableArray<string> Anchors);
