using Xunit.Abstractions;

namespace SdsServer.Cli.Tests.Crashes;

/// <summary>kill -9 at the commits of a rotation to an intermediate, in waves.</summary>
public sealed class KilledBelowTheSameRootTests(ITestOutputHelper output) : CrashStories(output)
{
    [Fact]
    public Task No_handshake_fails() => KillAtAsync(KillKind.AtCommit, CrashRotation.Intermediate, 6);
}
