using Spectre.Console;

namespace SdsServer.Cli.Output;

/// <summary>A screen that is drawn again in place. Uses the terminal's second screen, so that what was there before comes back.</summary>
internal sealed class LiveScreen : IDisposable
{
    private readonly Terminal _terminal;
    private bool _open;

    public LiveScreen(Terminal terminal) => _terminal = terminal;

    public void Show(Screen screen, DateTimeOffset now)
    {
        if (!_open)
        {
            _open = true;
            _terminal.Console.Write(new ControlCode("\e[?1049h\e[?25l"));
        }

        _terminal.Console.Write(new ControlCode("\e[H\e[2J"));
        _terminal.Draw(screen.Draw());
        _terminal.Draw(new Text($"\n{TimeText.Absolute(now)}; Ctrl-C ends\n", Terminal.Style(Tone.Quiet)));
    }

    public void Dispose()
    {
        if (_open)
        {
            _terminal.Console.Write(new ControlCode("\e[?25h\e[?1049l"));
        }
    }
}
