using System.Globalization;
using System.Runtime.CompilerServices;
using SdsServer.Testing.Virtual;

namespace SdsServer.Simulation.Runs;

/// <summary>What happened in a run, a line each with the virtual second; costs nothing unless somebody wants to read it.</summary>
internal sealed class Story(VirtualTime time, bool told)
{
    private readonly List<string> _lines = [];

    public IReadOnlyList<string> Lines => _lines;

    public bool IsTold => told;

    public void Tell([InterpolatedStringHandlerArgument("")] ref Line line)
    {
        if (told)
        {
            _lines.Add(string.Create(CultureInfo.InvariantCulture, $"{time.Up.TotalSeconds,9:0.000} {line.Text.ToStringAndClear()}"));
        }
    }

    /// <summary>Text that is only put together when it is told.</summary>
    [InterpolatedStringHandler]
    internal ref struct Line
    {
        public DefaultInterpolatedStringHandler Text;

        public Line(int literalLength, int formattedCount, Story story, out bool wanted)
        {
            wanted = story.IsTold;
            Text = wanted ? new DefaultInterpolatedStringHandler(literalLength, formattedCount, CultureInfo.InvariantCulture) : default;
        }

        public void AppendLiteral(string value) => Text.AppendLiteral(value);

        public void AppendFormatted<T>(T value) => Text.AppendFormatted(value);

        public void AppendFormatted<T>(T value, string? format) => Text.AppendFormatted(value, format);
    }
}
