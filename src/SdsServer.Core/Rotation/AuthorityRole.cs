namespace SdsServer.Core.Rotation;

/// <summary>What an authority does, in the words of Open Service Mesh. Computed from the state, never stored.</summary>
public enum AuthorityRole
{
    /// <summary>Known, neither trusted nor signing.</summary>
    Inactive,

    /// <summary>Trusted, signs nothing, and nothing it signed is out.</summary>
    Passive,

    /// <summary>Trusted; signs, or leaves it signed are out.</summary>
    Active,
}
