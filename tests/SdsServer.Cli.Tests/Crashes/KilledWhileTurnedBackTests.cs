using Xunit.Abstractions;

namespace SdsServer.Cli.Tests.Crashes;

/// <summary>kill -9 at the commits of a rotation that is turned back in the middle.</summary>
public sealed class KilledWhileTurnedBackTests(ITestOutputHelper output) : CrashStories(output)
{
    [Fact]
    public Task No_handshake_fails() => KillAtAsync(KillKind.AtCommit, CrashRotation.Back, 8);

    [EveryCommitFact]
    public Task No_handshake_fails_when_it_happens_again_and_again() => KillAgainAndAgainAsync(CrashRotation.Back);
}
