using System.Collections.Immutable;

namespace SdsServer.Simulation.Envoys;

/// <summary>The roots by which one process knows the server when it connects over a network: those of its bootstrap's file.</summary>
/// <param name="atStart">What the file held when the process began.</param>
/// <param name="follows">It takes up a file that is replaced while it runs.</param>
/// <param name="tells">Its node's metadata names them; as long as it runs, those of its start.</param>
internal sealed class Anchors(RootSet atStart, bool follows, bool tells)
{
    public RootSet Held { get; private set; } = atStart;

    public bool Follows { get; } = follows;

    public ImmutableArray<string> Told { get; } = tells ? atStart.Roots : [];

    public void TakeUp(RootSet file) => Held = file;
}
