using System.Diagnostics.CodeAnalysis;

namespace SdsServer.Core.Fleet;

/// <summary>
/// All instances by their id. Counts how many were handed out in walks over all of them: steps of a plan and operators may walk, an
/// event of one proxy may not, or a fleet of fifty thousand costs a hundred times what one of five hundred does.
/// </summary>
internal sealed class InstanceTable
{
    private readonly Dictionary<string, Instance> _byId = [];

    /// <summary>Instances handed out by <see cref="Walk"/> so far.</summary>
    public long Walked { get; private set; }

    public void Add(Instance instance) => _byId.Add(instance.Id, instance);

    public void Remove(string id) => _byId.Remove(id);

    public bool TryGetValue(string id, [NotNullWhen(true)] out Instance? instance) => _byId.TryGetValue(id, out instance);

    /// <summary>Everyone.</summary>
    public Dictionary<string, Instance>.ValueCollection Walk()
    {
        Walked += _byId.Count;
        return _byId.Values;
    }
}
