using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using SdsServer.Testing;

namespace SdsServer.Simulation.Sabotage;

/// <summary>Takes one rule after the other out of a copy of the production code, and lets the simulator run on it until it notices.</summary>
/// <param name="events">A mutation that has not been noticed after this many is given up.</param>
/// <param name="firstSeed">Of the runs on each mutation.</param>
internal sealed partial class Sabotages(long events, long firstSeed)
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    /// <summary>Runs the mutations, some at once; each outcome also goes to <paramref name="progress"/> when it is there.</summary>
    public async Task<IReadOnlyList<MutantOutcome>> RunAsync(IReadOnlyList<Mutation> mutations, int threads, TextWriter progress)
    {
        MutantCompiler core = await MutantCompiler.OfAsync("src/SdsServer.Core/SdsServer.Core.csproj");
        MutantCompiler simulation = await MutantCompiler.OfAsync("tests/SdsServer.Simulation/SdsServer.Simulation.csproj");
        MutantOutcome[] outcomes = new MutantOutcome[mutations.Count];
        ParallelOptions parallel = new() { MaxDegreeOfParallelism = threads };
        await Parallel.ForAsync(0, mutations.Count, parallel, async (i, _) =>
        {
            bool isCore = mutations[i].Edits[0].File.StartsWith("SdsServer.Core/", StringComparison.Ordinal);
            outcomes[i] = await TryAsync(mutations[i], isCore ? core : simulation, isCore ? "SdsServer.Core.dll" : "SdsServer.Simulation.dll");
            await progress.WriteLineAsync(outcomes[i].ToString());
        });
        return outcomes;
    }

    private async Task<MutantOutcome> TryAsync(Mutation mutation, MutantCompiler compiler, string assembly)
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("sabotage-");
        try
        {
            foreach (string file in Directory.EnumerateFiles(AppContext.BaseDirectory).Where(file => Path.GetExtension(file) is ".dll" or ".json"))
            {
                File.Copy(file, Path.Combine(folder.FullName, Path.GetFileName(file)));
            }

            Dictionary<string, string> exchanged = [];
            foreach ((string file, string text) in mutation.Apply(file => File.ReadAllText(SourceOf(file))))
            {
                string mutated = Path.Combine(folder.FullName, Path.GetFileName(file));
                await File.WriteAllTextAsync(mutated, text);
                exchanged.Add(SourceOf(file), mutated);
            }

            string output = Path.Combine(folder.FullName, assembly);
            File.Delete(output);
            await compiler.CompileAsync(exchanged, output);
            return await SoakAsync(mutation, folder.FullName);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private async Task<MutantOutcome> SoakAsync(Mutation mutation, string folder)
    {
        string[] arguments =
        [
            Path.Combine(folder, "SdsServer.Simulation.dll"), "soak", "--threads", "1", "--violations", "1", "--explain", "0", "--plots", "1240",
            "--seed", firstSeed.ToString(CultureInfo.InvariantCulture), "--events", events.ToString(CultureInfo.InvariantCulture),
        ];
        using Process process = Process.Start(new ProcessStartInfo("dotnet", arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        using CancellationTokenSource patience = new(Patience);
        Task<string> errors = process.StandardError.ReadToEndAsync(CancellationToken.None);
        Task<string> reading = process.StandardOutput.ReadToEndAsync(CancellationToken.None);
        try
        {
            await process.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill();
            return new MutantOutcome(mutation, null, 0, 0, $"did not end within {Patience}");
        }

        string text = await reading;
        Match found = Found().Match(text);
        Match counts = Counts().Match(text);
        return !counts.Success
            ? throw new InvalidOperationException($"the simulator with '{mutation.Rule}' taken out ended badly: {text}{await errors}")
            : new MutantOutcome(mutation, found.Success ? Number(found.Groups[1]) : null, Number(counts.Groups[1]), Number(counts.Groups[2]), found.Success ? found.Groups[2].Value : "");
    }

    private static string SourceOf(string file) => Path.Combine(RepositoryRoot.Path, "src", file);

    private static long Number(Group group) => long.Parse(group.ValueSpan, CultureInfo.InvariantCulture);

    [GeneratedRegex("^seed ([0-9]+): ([^:\n]{1,40})", RegexOptions.Multiline)]
    private static partial Regex Found();

    [GeneratedRegex("^runs ([0-9]+), pairs [0-9]+\nevents ([0-9]+), ", RegexOptions.Multiline)]
    private static partial Regex Counts();
}
