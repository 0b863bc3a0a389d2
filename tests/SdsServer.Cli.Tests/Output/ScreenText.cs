using SdsServer.Cli.Output;
using SdsServer.Cli.Tests.Fakes;

namespace SdsServer.Cli.Tests.Output;

internal static class ScreenText
{
    /// <summary>A screen as a pipe gets it.</summary>
    public static string Of(Screen screen)
    {
        using StringWriter output = new() { NewLine = "\n" };
        CliHost host = new() { Out = output, Error = output, In = TextReader.Null, Environment = _ => null, Directory = "/", Time = new FixedTime() };
        screen.WriteTo(new Terminal(host, OutputFormat.Human, quiet: false, noColor: true));
        return output.ToString();
    }
}
