namespace SdsServer.Core.Tests.Rotation;

/// <summary>What becomes of an effect.</summary>
internal enum EffectFate
{
    Works,

    /// <summary>It does not happen, and the engine is told so.</summary>
    Fails,

    /// <summary>It happens, and the engine is told that it did not.</summary>
    FailsAfter,

    /// <summary>The process dies before it.</summary>
    DiesBefore,
}
