using System.Collections.Immutable;
using System.Globalization;
using SdsServer.Core.Rotation;

namespace SdsServer.Hosting;

/// <summary>
/// Waves as a setting writes them, separated by commas: <c>1</c> proxy, <c>10%</c> of the fleet, <c>path=/ns/shop</c>, <c>namespace=shop</c>,
/// <c>cluster=web</c>, <c>label:tier=web</c>; several of the last four joined by <c>+</c> must all fit.
/// </summary>
internal static class WaveText
{
    private const string Label = "label:";

    /// <param name="wrong">What is wrong with it, where it is.</param>
    public static bool TryParse(string text, out ImmutableArray<Wave> waves, out string wrong)
    {
        ImmutableArray<Wave>.Builder read = ImmutableArray.CreateBuilder<Wave>();
        foreach (string part in text.Split(',', StringSplitOptions.TrimEntries))
        {
            if (Of(part) is not { } wave)
            {
                (waves, wrong) = ([], $"'{part}' is no wave: a number of proxies such as 1, a percentage such as 10%, or path=, namespace=, cluster=, label:NAME=");
                return false;
            }

            if (read.Count > 0 && read[^1].Percent == 100)
            {
                (waves, wrong) = ([], "100% reaches everybody, so it must be the last");
                return false;
            }

            read.Add(wave);
        }

        (waves, wrong) = (read.ToImmutable(), "");
        return true;
    }

    private static Wave? Of(string part)
    {
        if (int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out int proxies))
        {
            return proxies > 0 ? Wave.Of(proxies) : null;
        }

        if (part.EndsWith('%'))
        {
            return double.TryParse(part[..^1], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double percent) && percent is > 0 and <= 100
                ? Wave.OfPercent(percent)
                : null;
        }

        WaveSelector? selector = new(Labels: ImmutableSortedDictionary<string, string>.Empty);
        foreach (string term in part.Split('+', StringSplitOptions.TrimEntries))
        {
            selector = term.Split('=', 2) is [var name, { Length: > 0 } value] ? With(selector, name, value) : null;
            if (selector is null)
            {
                return null;
            }
        }

        return Wave.Of(selector.Labels!.IsEmpty ? selector with { Labels = null } : selector);
    }

    private static WaveSelector? With(WaveSelector selector, string name, string value) => name switch
    {
        "path" when value[0] == '/' => selector with { PathPrefix = value },
        "namespace" => selector with { Namespace = value },
        "cluster" => selector with { Cluster = value },
        _ when name.StartsWith(Label, StringComparison.Ordinal) && name.Length > Label.Length => selector with { Labels = selector.Labels!.SetItem(name[Label.Length..], value) },
        _ => null,
    };
}
