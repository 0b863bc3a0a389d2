using SdsServer.Core.Authorities;
using SdsServer.Core.Fleet;
using SdsServer.Testing.Virtual;

namespace SdsServer.Simulation.Envoys;

/// <summary>The files of anchors that bootstraps name: one for all processes of a proxy, written by operators from what the server exports.</summary>
internal sealed class AnchorFiles(MemoryStore store)
{
    private readonly Dictionary<InstanceKey, RootSet> _files = [];

    /// <summary>A proxy's file; one that there was none of yet is written from today's export.</summary>
    public RootSet Of(InstanceKey key) => _files.TryGetValue(key, out RootSet file) ? file : Export(key);

    /// <summary>Adds what the server exports today. What a running process has told of its file stays true: a root leaves it only at its restart.</summary>
    public RootSet Export(InstanceKey key) =>
        _files[key] = _files.GetValueOrDefault(key).Or(RootSet.Of(BootstrapAnchors.Of(store.State).Select(static root => root.Id)));
}
