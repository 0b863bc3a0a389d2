using Xunit.Abstractions;

namespace SdsServer.Cli.Tests.Crashes;

/// <summary>kill -9 right at a commit of a rotation.</summary>
public sealed class KilledAtACommitTests(ITestOutputHelper output) : CrashStories(output)
{
    [Fact]
    public Task No_handshake_fails() => KillAtAsync(KillKind.AtCommit, CrashRotation.Forward, 5);

    [EveryCommitFact]
    public Task No_handshake_fails_when_it_happens_again_and_again() => KillAgainAndAgainAsync(CrashRotation.Forward);
}
