using SdsServer.EndToEnd.Mesh;
using SdsServer.EndToEnd.Report;
using SdsServer.Testing.Envoy;

namespace SdsServer.EndToEnd.Scenarios;

/// <summary>A story that a mesh goes through.</summary>
/// <param name="Name">In the table.</param>
/// <param name="Seconds">About how long it takes, to spread stories evenly.</param>
/// <param name="Linked">Which sidecars reach the server over a link.</param>
/// <param name="RunAsync">The story.</param>
/// <param name="Usual">Which of its rows run by default; null: those of the pairwise cover.</param>
internal sealed record Scenario(string Name, int Seconds, Func<string, bool> Linked, Func<ServiceMesh, Journal, Task> RunAsync, Func<MeshRow, bool>? Usual = null)
{
    public static IReadOnlyList<Scenario> All { get; } =
    [
        new("rollbacks", 120, _ => true, Rollbacks.RunAsync),
        new("server crashes", 150, _ => true, ServerCrashes.RunAsync),
        new("sidecar restarts", 100, node => node == SidecarRestarts.Held, SidecarRestarts.RunAsync),
        new("refusals", 160, node => node != Refusals.Leaving, Refusals.RunAsync),
        new("absences", 160, _ => true, Absences.RunAsync),
        new("waves", 85, node => node == Waves.Cut, Waves.RunAsync, Newest),
        new("wave refusals", 40, node => node == WaveRefusals.Canary, WaveRefusals.RunAsync, Oldest),
        new("emergency", 90, node => node == Emergencies.Silent, Emergencies.RunAsync, Oldest),
        new("intermediate", 15, _ => false, Intermediates.RunAsync, Newest),
        new("long absence", 80, node => node is $"{LongAbsences.Away}-out" or $"{LongAbsences.Away}-in", LongAbsences.RunAsync, Newest),
        new("hot restarts", 45, node => node == HotRestarts.Held, HotRestarts.RunAsync, Newest),
        new("resumption", 20, _ => false, Resumptions.RunAsync, Oldest),
    ];

    private static bool Newest(MeshRow row) => row is { Protocol: XdsProtocol.Delta, Transport: SdsTransport.Unix } && row.Envoy == EnvoyBinary.Found[^1];

    private static bool Oldest(MeshRow row) => row is { Protocol: XdsProtocol.Sotw, Transport: SdsTransport.Tls } && row.Envoy == EnvoyBinary.Found[0];
}
