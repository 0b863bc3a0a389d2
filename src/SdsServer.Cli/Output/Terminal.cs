using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Google.Protobuf;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace SdsServer.Cli.Output;

/// <summary>Results go to stdout, talk to stderr; colours only where somebody sees them.</summary>
internal sealed class Terminal
{
    // Wide enough that nothing is ever wrapped for a file or a pipe.
    private const int Unbounded = 4096;

    private static readonly JsonFormatter s_indented = new(JsonFormatter.Settings.Default.WithFormatDefaultValues(true).WithIndentation());
    private static readonly JsonFormatter s_oneLine = new(JsonFormatter.Settings.Default.WithFormatDefaultValues(true));

    /// <summary>For documents that are not one message of the API; for terminals and files, never for HTML.</summary>
    public static readonly JsonSerializerOptions IndentedNode = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly CliHost _host;
    private readonly bool _quiet;

    public Terminal(CliHost host, OutputFormat format, bool quiet, bool noColor)
    {
        (_host, Format, _quiet) = (host, format, quiet);
        bool color = host.OutputIsTerminal && !noColor && format == OutputFormat.Human
            && string.IsNullOrEmpty(host.Environment("NO_COLOR")) && host.Environment("TERM") != "dumb";
        int width = host.OutputIsTerminal ? host.Width : Unbounded;
        Console = color ? Coloured(host.Out, width) : Plain(host.Out, width);
        Animates = color;
    }

    public OutputFormat Format { get; }

    /// <summary>The screen may be redrawn in place.</summary>
    public bool Animates { get; }

    public IAnsiConsole Console { get; }

    public static Style Style(Tone tone) => tone switch
    {
        Tone.Good => new Style(Color.Green),
        Tone.Caution => new Style(Color.Yellow),
        Tone.Bad => new Style(Color.Red),
        Tone.Quiet => new Style(decoration: Decoration.Dim),
        Tone.Heading => new Style(decoration: Decoration.Bold),
        _ => Spectre.Console.Style.Plain,
    };

    /// <summary>A line of the result.</summary>
    public void Line(string text = "") => _host.Out.WriteLine(text);

    public void Draw(IRenderable renderable)
    {
        if (Animates)
        {
            Console.Write(renderable);
            return;
        }

        // Columns are padded to the last; nobody wants that in a file.
        using StringWriter lines = new();
        IAnsiConsole console = Plain(lines, Console.Profile.Width);
        console.Write(renderable);
        foreach (string line in lines.ToString().TrimEnd('\n').Split('\n'))
        {
            Line(line.TrimEnd());
        }
    }

    public void Json(IMessage message) => _host.Out.WriteLine(s_indented.Format(message));

    public void Json(JsonObject document) => _host.Out.WriteLine(document.ToJsonString(IndentedNode));

    /// <summary>One message a line, for watches.</summary>
    public void JsonLine(IMessage message)
    {
        _host.Out.WriteLine(s_oneLine.Format(message));
        _host.Out.Flush();
    }

    /// <summary>What happened and what to run next: not part of the result.</summary>
    public void Say(string text)
    {
        if (!_quiet)
        {
            _host.Error.WriteLine(text);
        }
    }

    private static IAnsiConsole Coloured(TextWriter writer, int width) =>
        Create(writer, width, AnsiSupport.Yes, ColorSystemSupport.Standard, InteractionSupport.Yes);

    private static IAnsiConsole Plain(TextWriter writer, int width) =>
        Create(writer, width, AnsiSupport.No, ColorSystemSupport.NoColors, InteractionSupport.No);

    private static IAnsiConsole Create(TextWriter writer, int width, AnsiSupport ansi, ColorSystemSupport colors, InteractionSupport interaction)
    {
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(writer), Ansi = ansi, ColorSystem = colors, Interactive = interaction });
        console.Profile.Width = width;
        return console;
    }
}
