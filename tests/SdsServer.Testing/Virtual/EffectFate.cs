namespace SdsServer.Testing.Virtual;

/// <summary>What becomes of an effect.</summary>
public enum EffectFate
{
    Works,

    /// <summary>It does not happen, and the engine is told so or, where the server tries again, told later.</summary>
    Fails,

    /// <summary>It happens, and the server believes that it did not.</summary>
    FailsAfter,

    /// <summary>The process dies before it.</summary>
    DiesBefore,

    /// <summary>It becomes durable, and the process dies before it hears of it. Of an effect that is no write: works.</summary>
    DiesAfter,
}
