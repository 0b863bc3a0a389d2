namespace SdsServer.Core.Rotation;

/// <summary>Why an authority is replaced; decides deadlines and what an override may do.</summary>
public enum RotationKind
{
    /// <summary>An orderly change of root.</summary>
    Planned,
}
