namespace SdsServer.Core.Rotation;

/// <summary>Whom blockers are about, short enough for a sentence: how many proxies, and the first few names.</summary>
public static class ProxyNames
{
    private const int Told = 3;

    /// <summary><c>3 proxies (cart-1, cart-2, pay-1)</c>: by node, or by identity where a node has no name.</summary>
    public static string Of(IEnumerable<Blocker> blockers)
    {
        List<string> names = [.. blockers.DistinctBy(blocker => blocker.InstanceId).Select(blocker => blocker.NodeId.Length > 0 ? blocker.NodeId : blocker.SpiffeId)];
        string more = names.Count > Told ? $" and {names.Count - Told} more" : "";
        return $"{names.Count} {(names.Count == 1 ? "proxy" : "proxies")} ({string.Join(", ", names.Take(Told))}{more})";
    }
}
