using Spectre.Console;
using Spectre.Console.Rendering;

namespace SdsServer.Cli.Output;

/// <summary>Lines and tables, one below the other.</summary>
internal sealed class Screen
{
    private readonly List<(string Text, Tone Tone, Grid? Grid, int Indent)> _blocks = [];

    public Screen Line(string text = "", Tone tone = Tone.None)
    {
        _blocks.Add((text, tone, null, 0));
        return this;
    }

    public Screen Add(Grid grid, int indent = 0)
    {
        _blocks.Add(("", Tone.None, grid, indent));
        return this;
    }

    public IRenderable Draw() => new Rows(_blocks.Select<(string Text, Tone Tone, Grid? Grid, int Indent), IRenderable>(block =>
        block.Grid is { } grid ? grid.Draw(block.Indent) : new Text(block.Text.Length == 0 ? " " : block.Text, Terminal.Style(block.Tone))));

    public void WriteTo(Terminal terminal)
    {
        foreach ((string text, Tone tone, Grid? grid, int indent) in _blocks)
        {
            if (grid is not null)
            {
                grid.WriteTo(terminal, indent);
            }
            else if (terminal.Format == OutputFormat.Plain)
            {
                if (text.Trim().Length > 0)
                {
                    terminal.Line(text.Trim());
                }
            }
            else
            {
                terminal.Draw(new Text(text + "\n", Terminal.Style(tone)));
            }
        }
    }
}
