namespace SdsServer.Core.Pki;

/// <summary>One PEM block. Not a record: it may hold a private key, and records print their members.</summary>
internal sealed class PemBlock(string label, byte[] der)
{
    public string Label { get; } = label;

    public ReadOnlyMemory<byte> Der => der;

    public void Zero() => System.Security.Cryptography.CryptographicOperations.ZeroMemory(der);

    public override string ToString() => $"PEM block {Label}";
}
