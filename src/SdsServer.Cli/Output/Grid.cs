using Spectre.Console;
using Spectre.Console.Rendering;

namespace SdsServer.Cli.Output;

/// <summary>A table: aligned columns for people, tab-separated fields otherwise.</summary>
internal sealed class Grid(params IReadOnlyList<string> headings)
{
    private readonly List<IReadOnlyList<Cell>> _rows = [];

    public bool IsEmpty => _rows.Count == 0;

    public void Add(params IReadOnlyList<Cell> cells) => _rows.Add(cells);

    /// <summary>The table as Spectre draws it, indented by some columns.</summary>
    public IRenderable Draw(int indent = 0)
    {
        Table table = new Table().NoBorder().Collapse();
        for (int i = 0; i < headings.Count; i++)
        {
            bool last = i == headings.Count - 1;
            table.AddColumn(new TableColumn(new Text(headings[i], Terminal.Style(Tone.Quiet))).PadLeft(0).PadRight(last ? 0 : 3));
        }

        table.ShowHeaders = headings.Any(heading => heading.Length > 0);
        foreach (IReadOnlyList<Cell> row in _rows)
        {
            table.AddRow(row.Select(cell => new Text(cell.Text, Terminal.Style(cell.Tone))));
        }

        return new Padder(table, new Padding(indent, 0, 0, 0));
    }

    public void WriteTo(Terminal terminal, int indent = 0)
    {
        if (terminal.Format == OutputFormat.Plain)
        {
            foreach (IReadOnlyList<Cell> row in _rows)
            {
                terminal.Line(string.Join('\t', row.Select(cell => cell.Text.ReplaceLineEndings(" ").Replace('\t', ' '))));
            }
        }
        else
        {
            terminal.Draw(Draw(indent));
        }
    }
}
