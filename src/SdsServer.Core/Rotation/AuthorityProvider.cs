namespace SdsServer.Core.Rotation;

/// <summary>Where an authority's key lives.</summary>
public enum AuthorityProvider
{
    /// <summary>Made and kept by this server, encrypted at rest.</summary>
    BuiltIn,
}
