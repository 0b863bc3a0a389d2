using SdsServer.Simulation.Commands;

namespace SdsServer.Simulation;

/// <summary>The simulator as a program; the test runner does not use it.</summary>
internal static class Program
{
    private const string Usage = """
        Runs the rotation engine and the xDS sessions against simulated Envoys, in virtual time.

          soak --events N [--seed S] [--threads T] [--steps K] [--violations V]
                                               many short runs; ends with `events N, plans P, violations V`, exit code 1 when V > 0
          replay --seed S [--steps K] [--without I,J]
                                               one run, told line by line
          minimize --seed S [--steps K]        the shortest replay of a seed that fails, told line by line
          sabotage [--only TEXT] [--from I] [--events N] [--seed S] [--threads T]
                                               takes one rule after the other (from the I-th on) out of a copy of the code; ends with `caught C of R`
        """;

    private static async Task<int> Main(string[] arguments)
    {
        try
        {
            return arguments switch
            {
                ["soak", .. string[] rest] => await SoakCommand.RunAsync(rest, Console.Out),
                ["replay", .. string[] rest] => ReplayCommand.Run(rest, Console.Out),
                ["minimize", .. string[] rest] => ReplayCommand.Minimize(rest, Console.Out),
                ["sabotage", .. string[] rest] => await SabotageCommand.RunAsync(rest, Console.Out),
                _ => Explain(arguments),
            };
        }
        catch (ArgumentException error)
        {
            await Console.Error.WriteLineAsync("error: " + error.Message);
            return 2;
        }
    }

    private static int Explain(string[] arguments)
    {
        Console.Out.WriteLine(Usage);
        return arguments is [] or ["--help"] or ["-h"] ? 0 : 2;
    }
}
