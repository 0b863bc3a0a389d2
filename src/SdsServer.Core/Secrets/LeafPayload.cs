namespace SdsServer.Core.Secrets;

/// <summary>A leaf with its private key; lives in memory only and cannot be printed.</summary>
public sealed class LeafPayload : SecretPayload
{
    /// <param name="serial">The leaf's serial number, lower-case hex.</param>
    /// <param name="chainPem">UTF-8 PEM, leaf first, the root left out.</param>
    /// <param name="keyPem">UTF-8 PEM of the unencrypted PKCS#8 key.</param>
    public LeafPayload(string serial, ReadOnlyMemory<byte> chainPem, ReadOnlyMemory<byte> keyPem)
        : base("l" + serial)
    {
        Serial = serial;
        ChainPem = chainPem;
        KeyPem = keyPem;
    }

    public string Serial { get; }

    public ReadOnlyMemory<byte> ChainPem { get; }

    public ReadOnlyMemory<byte> KeyPem { get; }

    public override SecretKind Kind => SecretKind.Leaf;

    public override string ToString() => $"leaf {Serial} (key withheld)";
}
