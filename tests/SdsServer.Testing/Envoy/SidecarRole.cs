namespace SdsServer.Testing.Envoy;

/// <summary>Which end of the mTLS connection a sidecar is.</summary>
public enum SidecarRole
{
    /// <summary>Plain listener, mTLS cluster.</summary>
    Client,

    /// <summary>mTLS listener, plain cluster.</summary>
    Server,
}
