namespace SdsServer.Core.Rotation;

/// <summary>An operator has found that a proxy's bootstrap has every root of this epoch's bundle as an anchor for the server.</summary>
public sealed record ConfirmedAnchors(string InstanceId, long Epoch);
