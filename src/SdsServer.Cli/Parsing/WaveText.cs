using System.CommandLine.Parsing;
using System.Globalization;
using SdsServer.Protos.Admin.V1;

namespace SdsServer.Cli.Parsing;

/// <summary>A wave as people write it: <c>1</c>, <c>10%</c>, <c>path=/ns/shop</c>, <c>namespace=shop</c>, <c>cluster=web</c>, <c>label:tier=web</c>, joined by <c>+</c>.</summary>
internal static class WaveText
{
    private const string Label = "label:";

    public static Wave[] Parse(ArgumentResult result)
    {
        List<Wave> waves = [];
        foreach (string part in result.Tokens.SelectMany(token => token.Value.Split(',', StringSplitOptions.TrimEntries)))
        {
            if (Of(part) is { } wave)
            {
                waves.Add(wave);
            }
            else
            {
                result.AddError($"'{part}' is no wave: a number of proxies such as 1, a percentage such as 10%, or path=/ns/shop, namespace=shop, cluster=web, label:tier=web");
            }
        }

        return [.. waves];
    }

    /// <summary>The same for people to read; whoever is left where there is no wave.</summary>
    public static string Of(Wave? wave) => wave?.ExtentCase switch
    {
        Wave.ExtentOneofCase.Proxies => wave.Proxies == 1 ? "1 proxy" : $"{wave.Proxies} proxies",
        Wave.ExtentOneofCase.Percent when wave.Percent == 100 => "everyone",
        Wave.ExtentOneofCase.Percent => string.Create(CultureInfo.InvariantCulture, $"{wave.Percent:0.##}%"),
        Wave.ExtentOneofCase.Selector => Of(wave.Selector),
        _ => "everyone left",
    };

    private static string Of(WaveSelector selector)
    {
        List<string> terms = [];
        Add("path=", selector.PathPrefix);
        Add("namespace=", selector.Namespace);
        Add("cluster=", selector.Cluster);
        foreach ((string name, string value) in selector.Labels.OrderBy(label => label.Key, StringComparer.Ordinal))
        {
            Add($"{Label}{name}=", value);
        }

        return string.Join('+', terms);

        void Add(string name, string value)
        {
            if (value.Length > 0)
            {
                terms.Add(name + value);
            }
        }
    }

    private static Wave? Of(string part)
    {
        if (int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out int proxies))
        {
            return proxies > 0 ? new Wave { Proxies = proxies } : null;
        }

        if (part.EndsWith('%'))
        {
            return double.TryParse(part[..^1], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double percent) && percent is > 0 and <= 100
                ? new Wave { Percent = percent }
                : null;
        }

        WaveSelector selector = new();
        return part.Split('+', StringSplitOptions.TrimEntries).All(term => Take(selector, term)) ? new Wave { Selector = selector } : null;
    }

    private static bool Take(WaveSelector selector, string term)
    {
        if (term.Split('=', 2) is not [var name, { Length: > 0 } value])
        {
            return false;
        }

        switch (name)
        {
            case "path" when value[0] == '/': selector.PathPrefix = value; return true;
            case "namespace": selector.Namespace = value; return true;
            case "cluster": selector.Cluster = value; return true;
            case { } label when label.StartsWith(Label, StringComparison.Ordinal) && label.Length > Label.Length: selector.Labels[label[Label.Length..]] = value; return true;
            default: return false;
        }
    }
}
