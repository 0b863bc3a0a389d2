using System.Diagnostics;
using System.Text.Json;
using SdsServer.Testing;

namespace SdsServer.Simulation.Sabotage;

/// <summary>Compiles one assembly with some sources exchanged, by the compiler's own command line; the sources stay as they are.</summary>
internal sealed class MutantCompiler
{
    private readonly string _folder;
    private readonly string _compiler;
    private readonly string[] _arguments;

    private MutantCompiler(string folder, string compiler, string[] arguments)
    {
        _folder = folder;
        _compiler = compiler;
        _arguments = arguments;
    }

    /// <param name="project">Path of a project file, built before, from the root of the repository.</param>
    /// <exception cref="InvalidOperationException">The build does not tell how it compiles; the message has its words.</exception>
    public static async Task<MutantCompiler> OfAsync(string project)
    {
        string configuration = new DirectoryInfo(AppContext.BaseDirectory).Name;
        string told = await RunAsync(
            RepositoryRoot.Path,
            "msbuild", project, "-nologo", "-t:Compile", $"-p:Configuration={char.ToUpperInvariant(configuration[0])}{configuration[1..]}", "-p:SkipCompilerExecution=true",
            "-p:ProvideCommandLineArgs=true", "-p:BuildProjectReferences=false", "-p:NonExistentFile=__none__/__none__", "-getItem:CscCommandLineArgs", "-getProperty:RoslynTargetsPath");
        using JsonDocument json = JsonDocument.Parse(told);
        string compiler = Path.Combine(json.RootElement.GetProperty("Properties").GetProperty("RoslynTargetsPath").GetString()!, "bincore", "csc.dll");
        string[] arguments = [.. json.RootElement.GetProperty("Items").GetProperty("CscCommandLineArgs").EnumerateArray()
            .Select(item => item.GetProperty("Identity").GetString()!).Where(IsNeeded)];
        return arguments.Length > 0
            ? new MutantCompiler(Path.Combine(RepositoryRoot.Path, Path.GetDirectoryName(project)!), compiler, arguments)
            : throw new InvalidOperationException($"msbuild does not say how {project} is compiled: {told}");
    }

    /// <summary>Compiles with some sources exchanged: full paths to full paths.</summary>
    public async Task CompileAsync(IReadOnlyDictionary<string, string> exchanged, string output)
    {
        List<string> arguments = [$"/out:{output}"];
        int found = 0;
        foreach (string argument in _arguments)
        {
            bool isIt = exchanged.TryGetValue(argument.StartsWith('/') ? argument : Path.GetFullPath(argument, _folder), out string? mutated);
            found += isIt ? 1 : 0;
            arguments.Add(isIt ? mutated! : argument);
        }

        if (found != exchanged.Count)
        {
            throw new InvalidOperationException($"not all of these are among the sources of {_folder}: {string.Join(", ", exchanged.Keys)}");
        }

        string response = output + ".rsp";
        await File.WriteAllLinesAsync(response, arguments);

        // Most of a compiler's time goes into its own start: one that stays a minute serves all.
        await RunAsync(_folder, _compiler, "/noconfig", "/shared", "/keepalive:60", "@" + response);
    }

    // Warnings are for people; of the analyzers only the generator of regular expressions adds code.
    private static bool IsNeeded(string argument) =>
        !argument.StartsWith("/out:", StringComparison.Ordinal)
        && !argument.StartsWith("/refout:", StringComparison.Ordinal)
        && !argument.StartsWith("/noconfig", StringComparison.Ordinal)
        && !argument.StartsWith("/warnaserror", StringComparison.Ordinal)
        && !argument.StartsWith("/analyzerconfig:", StringComparison.Ordinal)
        && !argument.StartsWith("/additionalfile:", StringComparison.Ordinal)
        && (!argument.StartsWith("/analyzer:", StringComparison.Ordinal) || argument.EndsWith("System.Text.RegularExpressions.Generator.dll", StringComparison.Ordinal));

    private static async Task<string> RunAsync(string folder, params string[] arguments)
    {
        ProcessStartInfo start = new("dotnet", arguments) { WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true };
        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return process.ExitCode == 0 ? output : throw new InvalidOperationException($"dotnet {arguments[0]} failed: {output}{await errors}");
    }
}
