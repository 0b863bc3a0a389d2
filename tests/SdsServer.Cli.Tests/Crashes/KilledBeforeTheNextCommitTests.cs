using Xunit.Abstractions;

namespace SdsServer.Cli.Tests.Crashes;

/// <summary>kill -9 when all has happened that does not wait for the next commit: nothing may have been sent that is not in the store.</summary>
public sealed class KilledBeforeTheNextCommitTests(ITestOutputHelper output) : CrashStories(output)
{
    [Fact]
    public Task No_handshake_fails() => KillAtAsync(KillKind.BeforeNextCommit, CrashRotation.Forward, 14);
}
