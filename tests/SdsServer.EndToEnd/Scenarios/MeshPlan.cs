using System.Collections.Immutable;
using SdsServer.EndToEnd.Mesh;
using SdsServer.Testing.Envoy;

namespace SdsServer.EndToEnd.Scenarios;

/// <summary>Which rows run, and which of them beside each other.</summary>
internal static class MeshPlan
{
    /// <summary>Meshes that run at once.</summary>
    public const int Lanes = 4;

    /// <summary>Every pair of version, protocol, transport and story at least once, and the usual rows of the stories that name theirs; with SDSSERVER_E2E=all the whole product.</summary>
    public static ImmutableArray<MeshRow> Rows { get; } = Environment.GetEnvironmentVariable("SDSSERVER_E2E") == "all" ? Product() : Usual(Product());

    /// <summary>The rows of one lane, so that all lanes take about as long.</summary>
    public static TheoryData<string> Lane(int lane)
    {
        List<MeshRow>[] lanes = [.. Enumerable.Range(0, Lanes).Select(_ => new List<MeshRow>())];
        foreach (MeshRow row in Rows.OrderByDescending(row => row.Scenario.Seconds))
        {
            lanes.MinBy(rows => rows.Sum(member => member.Scenario.Seconds))!.Add(row);
        }

        return new TheoryData<string>(lanes[lane].Select(row => $"{row}"));
    }

    /// <summary>Takes the row that covers the most pairs not covered yet, of equals the one whose values were used least, until all are.</summary>
    internal static ImmutableArray<MeshRow> PairwiseCover(ImmutableArray<MeshRow> product)
    {
        HashSet<(string, string)> open = [.. product.SelectMany(row => row.Pairs())];
        ImmutableArray<MeshRow>.Builder cover = ImmutableArray.CreateBuilder<MeshRow>();
        while (open.Count > 0)
        {
            MeshRow best = product.MaxBy(row => (row.Pairs().Count(open.Contains), -cover.Sum(taken => taken.Pairs().Intersect(row.Pairs()).Count())))!;
            open.ExceptWith(best.Pairs());
            cover.Add(best);
        }

        return cover.ToImmutable();
    }

    private static ImmutableArray<MeshRow> Usual(ImmutableArray<MeshRow> product) =>
    [
        .. PairwiseCover([.. product.Where(row => row.Scenario.Usual is null)]),
        .. product.Where(row => row.Scenario.Usual?.Invoke(row) == true),
    ];

    private static ImmutableArray<MeshRow> Product() =>
    [
        .. from scenario in Scenario.All
           from envoy in EnvoyBinary.Found
           from protocol in Enum.GetValues<XdsProtocol>()
           from transport in Enum.GetValues<SdsTransport>()
           select new MeshRow(scenario, envoy, protocol, transport),
    ];
}
