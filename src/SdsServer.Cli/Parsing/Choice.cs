using System.CommandLine;
using System.CommandLine.Completions;
using System.CommandLine.Parsing;

namespace SdsServer.Cli.Parsing;

/// <summary>Options that take one of the API's words.</summary>
internal static class Choice
{
    public static Option<T> Option<T>(string name, string description, Func<T, string> word)
        where T : struct, Enum
    {
        Option<T> option = new(name) { HelpName = Words(word), Description = description, CustomParser = result => Parse(result.Tokens.Single(), result, word) };
        option.CompletionSources.Clear();
        option.CompletionSources.Add(_ => Values(word).Select(value => new CompletionItem(word(value))));
        return option;
    }

    /// <summary>May be given several times.</summary>
    public static Option<T[]> Options<T>(string name, string description, Func<T, string> word)
        where T : struct, Enum
    {
        Option<T[]> option = new(name)
        {
            HelpName = Words(word),
            Description = description,
            CustomParser = result => [.. result.Tokens.Select(token => Parse(token, result, word))],
            DefaultValueFactory = _ => [],
        };
        option.CompletionSources.Clear();
        option.CompletionSources.Add(_ => Values(word).Select(value => new CompletionItem(word(value))));
        return option;
    }

    public static T Parse<T>(Token token, ArgumentResult result, Func<T, string> word)
        where T : struct, Enum
    {
        foreach (T value in Values(word))
        {
            if (word(value) == token.Value)
            {
                return value;
            }
        }

        result.AddError($"'{token.Value}' is none of {Words(word)}");
        return default;
    }

    private static string Words<T>(Func<T, string> word)
        where T : struct, Enum => string.Join('|', Values(word).Select(word));

    // The first value of every enum of the API is "not stated".
    private static IEnumerable<T> Values<T>(Func<T, string> _)
        where T : struct, Enum => Enum.GetValues<T>().Skip(1);
}
