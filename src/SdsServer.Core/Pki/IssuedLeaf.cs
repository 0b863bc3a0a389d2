namespace SdsServer.Core.Pki;

/// <summary>A leaf certificate just signed, with what the ledger needs to know. Holds no private key.</summary>
public sealed class IssuedLeaf
{
    internal IssuedLeaf(SpiffeId id, string serial, DateTimeOffset notBefore, DateTimeOffset notAfter, byte[] der, byte[] chainPem)
    {
        Id = id;
        Serial = serial;
        NotBefore = notBefore;
        NotAfter = notAfter;
        Der = der;
        ChainPem = chainPem;
    }

    /// <summary>Whose it is.</summary>
    public SpiffeId Id { get; }

    /// <summary>Serial number in lower-case hex, as Envoy's /certs shows it.</summary>
    public string Serial { get; }

    /// <summary>Start of validity.</summary>
    public DateTimeOffset NotBefore { get; }

    /// <summary>End of validity.</summary>
    public DateTimeOffset NotAfter { get; }

    /// <summary>The leaf alone.</summary>
    public ReadOnlyMemory<byte> Der { get; }

    /// <summary>The leaf and its intermediates as PEM, ready for Envoy's certificate_chain.</summary>
    public ReadOnlyMemory<byte> ChainPem { get; }

    /// <summary>Name, serial and end of validity.</summary>
    public override string ToString() => $"{Id} serial {Serial} until {NotAfter:yyyy-MM-dd HH:mm:ss}Z";
}
