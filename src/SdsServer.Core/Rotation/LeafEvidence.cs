namespace SdsServer.Core.Rotation;

/// <summary>What shows that a proxy of a wave uses its new leaf.</summary>
public enum LeafEvidence
{
    /// <summary>Its ACK.</summary>
    Ack,

    /// <summary>Its ACK and then, where it states an admin port, Envoy's own word: <c>/certs</c> shows the leaf's serial number.</summary>
    EnvoyAdmin,
}
