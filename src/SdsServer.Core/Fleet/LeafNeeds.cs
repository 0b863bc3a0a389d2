using System.Collections.Immutable;

namespace SdsServer.Core.Fleet;

/// <summary>Counts outstanding leaves by the roots that vouch for them and by the authority that signed them.</summary>
internal sealed class LeafNeeds
{
    private readonly Dictionary<string, (ImmutableArray<string> Anchors, int Count)> _byAnchors = [];
    private readonly Dictionary<string, int> _byAuthority = [];

    public void Add(ImmutableArray<string> anchors, string authorityId) => Change(anchors, authorityId, +1);

    public void Remove(ImmutableArray<string> anchors, string authorityId) => Change(anchors, authorityId, -1);

    public int SignedBy(string authorityId) => _byAuthority.GetValueOrDefault(authorityId);

    /// <summary>Leaves whose only safe anchor is this root.</summary>
    /// <param name="isSafe">Whether another root could vouch for them in every bundle that may be enforced.</param>
    public int Needing(string rootId, Func<string, bool> isSafe)
    {
        int needing = 0;
        foreach ((ImmutableArray<string> anchors, int count) in _byAnchors.Values)
        {
            if (anchors.Contains(rootId) && !anchors.Any(anchor => anchor != rootId && isSafe(anchor)))
            {
                needing += count;
            }
        }

        return needing;
    }

    /// <summary>True when every outstanding leaf has an anchor that satisfies the predicate. O(distinct anchor sets).</summary>
    public bool AllVouchedFor(Func<string, bool> isSafe) => _byAnchors.Values.All(entry => entry.Anchors.Any(isSafe));

    private void Change(ImmutableArray<string> anchors, string authorityId, int by)
    {
        string key = anchors.Length == 1 ? anchors[0] : string.Join(',', anchors);
        int count = _byAnchors.GetValueOrDefault(key).Count + by;
        if (count == 0)
        {
            _byAnchors.Remove(key);
        }
        else
        {
            _byAnchors[key] = (anchors, count);
        }

        int signed = _byAuthority.GetValueOrDefault(authorityId) + by;
        if (signed == 0)
        {
            _byAuthority.Remove(authorityId);
        }
        else
        {
            _byAuthority[authorityId] = signed;
        }
    }
}
