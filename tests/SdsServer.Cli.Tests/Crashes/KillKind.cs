namespace SdsServer.Cli.Tests.Crashes;

/// <summary>How the server is killed.</summary>
internal enum KillKind
{
    /// <summary>kill -9 as soon as the commit is seen: what comes after the commit has hardly begun.</summary>
    AtCommit,

    /// <summary>The store takes nothing more after the commit, and kill -9 when everything has happened that does not wait for the store.</summary>
    BeforeNextCommit,
}
