namespace SdsServer.Core.Pki;

/// <summary>What a leaf may be shown as, its extended key usage.</summary>
public enum LeafUse
{
    /// <summary>A workload of the mesh: a server and a client.</summary>
    BothSides,

    /// <summary>A caller of this server; no server can show it.</summary>
    Client,

    /// <summary>This server itself; no client can show it.</summary>
    Server,
}
