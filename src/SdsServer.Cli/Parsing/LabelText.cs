using System.CommandLine.Parsing;

namespace SdsServer.Cli.Parsing;

/// <summary>Labels: <c>tier=web</c>.</summary>
internal static class LabelText
{
    public static (string Name, string Value)[] Parse(ArgumentResult result)
    {
        List<(string Name, string Value)> labels = [];
        foreach (string text in result.Tokens.Select(token => token.Value))
        {
            int equals = text.IndexOf('=', StringComparison.Ordinal);
            if (equals < 1)
            {
                result.AddError($"'{text}' is no label such as tier=web");
                return [];
            }

            labels.Add((text[..equals], text[(equals + 1)..]));
        }

        return [.. labels];
    }
}
