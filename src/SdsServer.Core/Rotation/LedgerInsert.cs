using SdsServer.Core.Fleet;

namespace SdsServer.Core.Rotation;

/// <summary>A row to be written, if the signer is still the one it was signed for.</summary>
/// <param name="Row">The row.</param>
/// <param name="SignerRevision">The <see cref="TrustState.SignerRevision"/> under which the leaf was requested.</param>
public sealed record LedgerInsert(LedgerRow Row, long SignerRevision);
