namespace SdsServer.Cli.Tests.Crashes;

/// <summary>What rotation a story tells.</summary>
internal enum CrashRotation
{
    /// <summary>To another root.</summary>
    Forward,

    /// <summary>To another root, turned back when nearly all have leaves under it.</summary>
    Back,

    /// <summary>To another root, because the one before is stolen.</summary>
    Emergency,

    /// <summary>To an intermediate below the same root, in two waves.</summary>
    Intermediate,
}
