using SdsServer.Testing;
using System.Diagnostics;

namespace SdsServer.Tests.Protos;

public sealed class BufLintTests
{
    [BufFact]
    public async Task The_admin_API_passes_buf_lint()
    {
        using var timeLimit = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        using var buf = Process.Start(new ProcessStartInfo(BufFactAttribute.Executable!, ["lint"])
        {
            WorkingDirectory = Path.Combine(RepositoryRoot.Path, "protos"),
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;

        var output = buf.StandardOutput.ReadToEndAsync(timeLimit.Token);
        var errors = buf.StandardError.ReadToEndAsync(timeLimit.Token);
        await buf.WaitForExitAsync(timeLimit.Token);

        Assert.True(buf.ExitCode == 0, $"buf lint ended with {buf.ExitCode}:\n{await output}{await errors}");
    }
}
