using System.Diagnostics;
using SdsServer.EndToEnd.Mesh;
using SdsServer.Protos.Admin.V1;
using SdsServer.Testing.Envoy;

namespace SdsServer.EndToEnd.Report;

/// <summary>What has been seen of one mesh, phase by phase.</summary>
internal sealed class Journal(ServiceMesh mesh)
{
    private readonly List<PhaseCount> _phases = [];
    private readonly long _started = Stopwatch.GetTimestamp();

    public IReadOnlyList<PhaseCount> Phases => _phases;

    /// <summary>Subject of what signed the served leaves at the start.</summary>
    public string IssuerBefore { get; private set; } = "";

    /// <summary>Subject of what signed the served leaves at the end.</summary>
    public string IssuerAfter { get; private set; } = "";

    public TimeSpan Elapsed => Stopwatch.GetElapsedTime(_started);

    /// <summary>All requests, in both directions.</summary>
    public TrafficCount Traffic => mesh.Directions.Aggregate(default(TrafficCount), (sum, direction) =>
    {
        TrafficCount count = direction.Traffic.Count;
        return new TrafficCount(sum.Fresh + count.Fresh, sum.Kept + count.Kept, sum.Failed + count.Failed);
    });

    /// <summary>Waits for enough full handshakes in each direction, all of them good, while the server says it is in this phase.</summary>
    /// <param name="words">Names the phase in the table.</param>
    /// <param name="phase">What the server calls it; null: it is not asked, because it is down.</param>
    public async Task PhaseAsync(string words, Phase? phase)
    {
        await AssertPhaseAsync(words, phase);
        await Task.WhenAll(mesh.Directions.Select(direction => direction.MarkAsync()));
        long[] counts = await Task.WhenAll(mesh.Directions.Select(direction => direction.EnoughAsync(words)));
        await AssertPhaseAsync(words, phase);
        Assert.All(counts, count => Assert.True(count >= Direction.Enough, $"{words}: {count} full handshakes show nothing"));
        _phases.Add(new PhaseCount(words, counts));
    }

    public async Task BeginAsync() => IssuerBefore = await IssuersAsync();

    public async Task EndAsync() => IssuerAfter = await IssuersAsync();

    private async Task<string> IssuersAsync()
    {
        ServedChain[] served = await Task.WhenAll(mesh.Directions.Select(direction => ServedChain.ReadAsync(direction.Mtls.Endpoint)));
        return string.Join(" / ", served.Select(chain => chain.Leaf.Issuer).Distinct());
    }

    private async Task AssertPhaseAsync(string words, Phase? expected)
    {
        if (expected is { } phase)
        {
            Phase found = (await mesh.Operator.TrustDomainAsync()).Phase;
            Assert.True(found == phase, $"{words}: the server is in phase {found}, not {phase}");
        }
    }
}
