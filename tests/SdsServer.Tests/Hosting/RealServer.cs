using SdsServer.Testing;
using SdsServer.Testing.Processes;

namespace SdsServer.Tests.Hosting;

/// <summary>The server as a process of its own.</summary>
internal static class RealServer
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(120);

    /// <summary>Starts it and waits until it serves.</summary>
    /// <param name="data">Its data directory.</param>
    /// <param name="settings"><c>Section:Key=VALUE</c>, below <c>SdsServer</c>.</param>
    public static Task<ChildProcess> StartAsync(string data, params IEnumerable<string> settings) => StartAsync(new ChildOptions(), data, settings);

    /// <inheritdoc cref="StartAsync(string, IEnumerable{string})"/>
    /// <param name="options">Of the process.</param>
    public static async Task<ChildProcess> StartAsync(ChildOptions options, string data, params IEnumerable<string> settings)
    {
        string program = Path.Combine(RepositoryRoot.Path, ".artifacts", "bin", "SdsServer", new DirectoryInfo(AppContext.BaseDirectory).Name, "SdsServer.dll");
        ChildProcess server = await ChildProcess.StartAsync(
            Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? Programs.Find("dotnet") ?? "dotnet",
            [program, $"--data={data}", .. settings.Select(setting => $"--SdsServer:{setting}")],
            options);
        await Condition.AwaitAsync("the server to be ready", s_limit, _ => Task.FromResult(server.Log.Contains("ready: trust domain", StringComparison.Ordinal)), () => server.Log);
        return server;
    }
}
