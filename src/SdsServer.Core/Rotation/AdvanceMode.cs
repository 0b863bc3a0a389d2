namespace SdsServer.Core.Rotation;

/// <summary>Who takes the next move once its gate is open.</summary>
public enum AdvanceMode
{
    /// <summary>The engine, as soon as the gate is open.</summary>
    Automatic,

    /// <summary>An operator, by <c>advance</c>; the gate is still checked.</summary>
    Manual,
}
