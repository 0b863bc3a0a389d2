using System.CommandLine;
using SdsServer.Cli.Parsing;

namespace SdsServer.Cli.Demo;

internal static class DemoCommand
{
    public static Command Create()
    {
        Option<int> sidecars = Number("--sidecars", "How many sidecars, 2 to 500.", 20, 2, 500);
        Option<int> workers = Number("--workers", "How many handshakes at once, 1 to 64.", 3, 1, 64);
        Option<int?> seed = new("--seed") { HelpName = "N", Description = "Draws the order of the pairs. Default: another one each time; it is printed." };
        Option<string> server = new("--server-bin") { HelpName = "FILE", Description = "The server's program. Default: beside sdsctl, else the build of this checkout." };
        Option<bool> keep = new("--keep") { Description = "Leave the server's data directory and log." };
        Option<bool> envoy = new("--envoy") { Description = "Add a pair of real Envoys from deploy/envoy, with HTTP through them. Takes some minutes: Envoy needs the longer waiting times." };
        return new CliCommand("demo", "Shows a whole rotation on this machine, without Envoy: starts the server, lets sidecars shake hands without pause, moves them to a new root and turns a second move back.")
        {
            sidecars, workers, seed, server, keep, envoy,
        }.With(
            [("sdsctl demo", "20 sidecars, under a minute"), ("sdsctl demo --plain --sidecars 50", "lines for a log, more sidecars"), ("sdsctl demo --envoy", "with a pair of real Envoys")],
            "The sidecars speak real SDS over a Unix socket, half of them state of the world, half delta, each with its own token, connection and identity. "
                + "Every handshake is real mutual TLS 1.3 without resumption, checked against exactly the bundle that side holds then, and against the SPIFFE ID. "
                + "Exit code 0 only if not one handshake failed. The server runs with short waiting times that only these sidecars allow; a real Envoy needs the defaults.")
        .Does(session => new DemoRun(session, new DemoOptions(
            session.Get(sidecars), session.Get(workers), session.Get(seed) ?? Random.Shared.Next(1_000_000), session.Get(server), session.Get(keep), session.Get(envoy))).RunAsync());
    }

    private static Option<int> Number(string name, string description, int defaultValue, int least, int most)
    {
        Option<int> option = new(name) { HelpName = "N", Description = $"{description} Default: {defaultValue}.", DefaultValueFactory = _ => defaultValue };
        option.Validators.Add(result =>
        {
            if (result.Tokens.Count == 1 && int.TryParse(result.Tokens[0].Value, out int value) && (value < least || value > most))
            {
                result.AddError($"{name} is {least} to {most}, not {value}");
            }
        });
        return option;
    }
}
