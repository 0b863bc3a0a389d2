using System.Diagnostics;

namespace SdsServer.Cli.Demo;

/// <summary>The server's program file and how to start it.</summary>
internal sealed record ServerProgramFile(string Path)
{
    private const string Assembly = "SdsServer.dll";

    /// <summary>Looks where it was told, beside sdsctl, and in the build output of the checkout; builds it there if it is missing.</summary>
    /// <exception cref="CliException">It is nowhere.</exception>
    public static async Task<ServerProgramFile> FindAsync(string? path, string directory, Action<string> say, CancellationToken cancellation)
    {
        if (path is not null)
        {
            return File.Exists(path) ? new(System.IO.Path.GetFullPath(path)) : throw CliException.Usage($"there is no server program '{path}'", "name SdsServer or SdsServer.dll with --server-bin");
        }

        if (Existing(AppContext.BaseDirectory, Assembly) is { } beside)
        {
            return new(beside);
        }

        string checkout = Checkout.Find(directory)
            ?? throw new CliException(ExitCodes.Failure, "the server's program was not found", "name it with --server-bin, or run this inside a checkout of the repository");
        if (Built(checkout) is { } built)
        {
            return new(built);
        }

        say("building the server (once)");
        await BuildAsync(checkout, cancellation);
        return Built(checkout) is { } fresh ? new(fresh) : throw new CliException(ExitCodes.Failure, $"'dotnet build src/SdsServer' made no {Assembly}");
    }

    public ProcessStartInfo StartInfo(params IReadOnlyList<string> arguments) =>
        Path.EndsWith(".dll", StringComparison.Ordinal) ? new(DotNet, ["exec", Path, .. arguments]) : new(Path, arguments);

    // A `dotnet` that runs us is the one to run the server.
    private static string DotNet => Environment.ProcessPath is { } self && System.IO.Path.GetFileNameWithoutExtension(self) == "dotnet" ? self : "dotnet";

    private static string? Existing(params ReadOnlySpan<string> parts) => System.IO.Path.Combine(parts) is var path && File.Exists(path) ? path : null;

    private static string? Built(string checkout)
    {
        // The same configuration first; then whichever there is.
        string own = AppContext.BaseDirectory.Contains("release", StringComparison.Ordinal) ? "release" : "debug";
        string output = System.IO.Path.Combine(checkout, ".artifacts", "bin", "SdsServer");
        return Existing(output, own, Assembly) ?? Existing(output, "release", Assembly) ?? Existing(output, "debug", Assembly);
    }

    private static async Task BuildAsync(string checkout, CancellationToken cancellation)
    {
        using Process build = Process.Start(new ProcessStartInfo(DotNet, ["build", "src/SdsServer", "-v", "q", "--nologo"])
        {
            WorkingDirectory = checkout,
            RedirectStandardOutput = true,
        })!;
        string output = await build.StandardOutput.ReadToEndAsync(cancellation);
        await build.WaitForExitAsync(cancellation);
        if (build.ExitCode != 0)
        {
            throw new CliException(ExitCodes.Failure, $"building the server failed:{Environment.NewLine}{output}");
        }
    }
}
