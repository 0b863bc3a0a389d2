using System.Collections.Immutable;
using SdsServer.Admin.Requests;
using SdsServer.Core.Rotation;
using Api = SdsServer.Protos.Admin.V1;

namespace SdsServer.Admin.Mapping;

/// <summary>A part of the fleet from the API and back.</summary>
internal static class WaveMapper
{
    private const int MaxWaves = 100;
    private const int MaxLabels = 16;
    private const int MaxText = 512;

    /// <summary>The waves of a request; what is wrong with them is reported.</summary>
    public static ImmutableArray<Wave> Read(string field, IReadOnlyList<Api.Wave> waves, RequestCheck check)
    {
        check.Require(field, waves.Count <= MaxWaves, $"must be at most {MaxWaves}");
        for (int i = 0; i + 1 < waves.Count; i++)
        {
            check.Require($"{field}[{i}]", waves[i].Percent != 100, "reaches everybody, so it must be the last");
        }

        return [.. waves.Take(MaxWaves).Select((wave, index) => Read($"{field}[{index}]", wave, check)).OfType<Wave>()];
    }

    public static Api.Wave Map(Wave wave) => wave switch
    {
        { Proxies: { } proxies } => new Api.Wave { Proxies = proxies },
        { Percent: { } percent } => new Api.Wave { Percent = percent },
        { Selector: { } selector } => new Api.Wave { Selector = Map(selector) },
        _ => throw new ArgumentException("the wave says nothing", nameof(wave)),
    };

    private static Wave? Read(string field, Api.Wave wave, RequestCheck check)
    {
        switch (wave.ExtentCase)
        {
            case Api.Wave.ExtentOneofCase.Proxies:
                check.Require(field, wave.Proxies > 0, "must be 1 proxy or more");
                return Wave.Of(wave.Proxies);
            case Api.Wave.ExtentOneofCase.Percent:
                check.Require(field, wave.Percent is > 0 and <= 100, "must be above 0 and at most 100 percent");
                return Wave.OfPercent(wave.Percent);
            case Api.Wave.ExtentOneofCase.Selector:
                return Wave.Of(Read($"{field}.selector", wave.Selector, check));
            default:
                check.Wrong(field, "must be a number of proxies, a percentage or a selector");
                return null;
        }
    }

    private static WaveSelector Read(string field, Api.WaveSelector selector, RequestCheck check)
    {
        check.Require(
            field,
            selector.PathPrefix.Length > 0 || selector.Namespace.Length > 0 || selector.Cluster.Length > 0 || selector.Labels.Count > 0,
            "must name something: path_prefix, namespace, cluster or labels");
        check.Require($"{field}.path_prefix", selector.PathPrefix.Length == 0 || selector.PathPrefix[0] == '/', "must begin with /, such as /ns/shop");
        check.Line($"{field}.path_prefix", selector.PathPrefix, MaxText);
        check.Line($"{field}.namespace", selector.Namespace, MaxText);
        check.Line($"{field}.cluster", selector.Cluster, MaxText);
        check.Require($"{field}.labels", selector.Labels.Count <= MaxLabels, $"must be at most {MaxLabels}");
        foreach ((string name, string value) in selector.Labels.Take(MaxLabels))
        {
            check.Require($"{field}.labels", name.Length > 0, "must have names");
            check.Line($"{field}.labels", name + value, MaxText);
        }

        return new WaveSelector(
            selector.PathPrefix, selector.Namespace, selector.Cluster, selector.Labels.Count == 0 ? null : selector.Labels.ToImmutableSortedDictionary());
    }

    private static Api.WaveSelector Map(WaveSelector selector)
    {
        Api.WaveSelector mapped = new() { PathPrefix = selector.PathPrefix, Namespace = selector.Namespace, Cluster = selector.Cluster };
        mapped.Labels.Add(selector.Labels?.ToDictionary() ?? []);
        return mapped;
    }
}
