using SdsServer.EndToEnd.Mesh;
using SdsServer.EndToEnd.Report;

namespace SdsServer.EndToEnd.Scenarios;

/// <summary>A story that a mesh goes through.</summary>
/// <param name="Name">In the table.</param>
/// <param name="Seconds">About how long it takes, to spread stories evenly.</param>
/// <param name="Linked">Which sidecars reach the server over a link.</param>
/// <param name="RunAsync">The story.</param>
internal sealed record Scenario(string Name, int Seconds, Func<string, bool> Linked, Func<ServiceMesh, Journal, Task> RunAsync)
{
    public static IReadOnlyList<Scenario> All { get; } =
    [
        new("rollbacks", 120, _ => true, Rollbacks.RunAsync),
        new("server crashes", 150, _ => true, ServerCrashes.RunAsync),
        new("sidecar restarts", 100, node => node == SidecarRestarts.Held, SidecarRestarts.RunAsync),
        new("refusals", 160, node => node != Refusals.Leaving, Refusals.RunAsync),
        new("absences", 160, _ => true, Absences.RunAsync),
    ];
}
