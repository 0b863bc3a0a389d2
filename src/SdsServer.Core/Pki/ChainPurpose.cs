namespace SdsServer.Core.Pki;

/// <summary>What the leaf is shown for.</summary>
public enum ChainPurpose
{
    /// <summary>A server shows it, a client checks it.</summary>
    Server,

    /// <summary>A client shows it, a server checks it.</summary>
    Client,
}
