using System.Globalization;

namespace SdsServer.Simulation;

/// <summary>Reads <c>--name value</c> pairs.</summary>
/// <exception cref="ArgumentException">An argument is not of this form, or not known.</exception>
internal sealed class Options
{
    private readonly Dictionary<string, string> _values = [];

    public Options(IReadOnlyList<string> arguments, params string[] known)
    {
        for (int i = 0; i < arguments.Count; i += 2)
        {
            string name = arguments[i].StartsWith("--", StringComparison.Ordinal) ? arguments[i][2..] : "";
            if (!known.Contains(name) || i + 1 == arguments.Count)
            {
                throw new ArgumentException($"'{arguments[i]}' is not an option with a value; known: {string.Join(", ", known.Select(option => "--" + option))}");
            }

            _values[name] = arguments[i + 1];
        }
    }

    public string Text(string name, string otherwise) => _values.GetValueOrDefault(name, otherwise);

    public long Number(string name, long otherwise) => !_values.TryGetValue(name, out string? text) ? otherwise
        : long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long value) ? value
        : throw new ArgumentException($"--{name} is a number, not '{text}'");

    public IReadOnlySet<int> Numbers(string name) => Text(name, "").Split(',', StringSplitOptions.RemoveEmptyEntries)
        .Select(text => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int value) ? value : throw new ArgumentException($"--{name} is a list of numbers, not '{text}'"))
        .ToHashSet();
}
