using System.Globalization;
using SdsServer.Cli.Output;
using Spectre.Console;

namespace SdsServer.Cli.Demo;

/// <summary>Shows the demo: a table in place on a terminal, lines otherwise.</summary>
internal sealed class DemoView(Terminal terminal, DemoState state, TimeProvider time)
{
    private static readonly TimeSpan s_frame = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan s_line = TimeSpan.FromSeconds(2);

    public Task RunAsync(CancellationToken stopping) => terminal.Animates ? AnimateAsync(stopping) : PrintAsync(stopping);

    private Task AnimateAsync(CancellationToken stopping) => terminal.Console.Live(Frame()).AutoClear(true).StartAsync(async live =>
    {
        while (!stopping.IsCancellationRequested)
        {
            live.UpdateTarget(Frame());
            await Task.Delay(s_frame, time, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    });

    private async Task PrintAsync(CancellationToken stopping)
    {
        string last = "";
        long printed = 0;
        while (!stopping.IsCancellationRequested)
        {
            string key = $"{state.Stage}|{state.Trust?.Phase}|{state.Trust?.Goal}|{state.Trust?.Epoch}|{state.Trust?.Floor}|{state.Rotation?.Waves?.Index}|{state.Rotation?.Held}";
            if (state.Stage.Length > 0 && (key != last || time.GetElapsedTime(printed) >= s_line))
            {
                terminal.Line(Line());
                (last, printed) = (key, time.GetTimestamp());
            }

            await Task.Delay(s_frame, time, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private string Line()
    {
        string trust = state.Trust is { } t ? $"{Phase()}, epoch {t.Epoch}, floor {t.Floor}, proven {t.Fleet?.Proven ?? 0} of {t.Fleet?.Members ?? 0}" : "-";
        return $"{Elapsed().PadLeft(6)}  {state.Stage}: {trust}, new-root leaves {state.LeavesOnNewRoot} of {state.Fleet.Sidecars.Count}, handshakes {state.Load.Done}, failed {state.Load.Failed}{Envoy()}";
    }

    private Table Frame()
    {
        int count = state.Fleet.Sidecars.Count;
        Table table = new Table().RoundedBorder().HideHeaders().AddColumns("", "").Title("sdsctl demo");
        Row("doing", state.Stage);
        Row("phase", Phase());
        Row("bundle", state.Trust is { } trust ? $"epoch {trust.Epoch}, floor {trust.Floor}" : "-");
        Row("proven by", Bar(state.Trust?.Fleet?.Proven ?? 0, state.Trust?.Fleet?.Members ?? count));
        Row("leaves on the new root", Bar(state.LeavesOnNewRoot, count));
        Row("answers", $"{state.Fleet.Acks} ACK, {state.Fleet.Nacks} NACK");
        Row("handshakes", string.Create(CultureInfo.InvariantCulture, $"{state.Load.Done:N0}, every pair {state.Load.Rounds} times"));
        if (state.Envoys is { } envoys)
        {
            Row("through Envoy", string.Create(CultureInfo.InvariantCulture, $"{envoys.Requests:N0} requests, {envoys.Failed} failed"));
        }

        table.AddRow(new Text("failed"), new Text($"{state.Load.Failed}", Terminal.Style(state.Load.Failed == 0 ? Tone.Good : Tone.Bad)));
        Row("time", Elapsed());
        return table;

        void Row(string name, string value) => table.AddRow(new Text(name), new Text(value));
    }

    private string Envoy() => state.Envoys is { } envoys ? $", requests through Envoy {envoys.Requests}, failed {envoys.Failed}" : "";

    private string Phase() => state.Trust is { } trust
        ? $"{EnumText.Of(trust.Phase)}{(trust.Goal == Protos.Admin.V1.Goal.Unspecified ? "" : $" ({EnumText.Of(trust.Goal)}{Wave()})")}"
        : "-";

    private string Wave() => state.Rotation is { Held: var held, Waves: { Count: > 1, Index: > 0 } waves } ? $", wave {waves.Index} of {waves.Count}{(held ? ", HELD" : "")}" : "";

    private static string Bar(int done, int count)
    {
        const int width = 30;
        int filled = count == 0 ? 0 : Math.Min(width, width * done / count);
        return $"{new string('#', filled)}{new string('.', width - filled)} {done} of {count}";
    }

    private string Elapsed() => string.Create(CultureInfo.InvariantCulture, $"{(time.GetUtcNow() - state.Started).TotalSeconds:0.0} s");
}
