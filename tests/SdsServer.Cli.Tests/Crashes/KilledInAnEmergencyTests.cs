using Xunit.Abstractions;

namespace SdsServer.Cli.Tests.Crashes;

/// <summary>kill -9 at the commits of a rotation away from a stolen root.</summary>
public sealed class KilledInAnEmergencyTests(ITestOutputHelper output) : CrashStories(output)
{
    [Fact]
    public Task No_handshake_fails() => KillAtAsync(KillKind.AtCommit, CrashRotation.Emergency, 3);
}
