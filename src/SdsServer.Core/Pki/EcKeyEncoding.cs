using System.Security.Cryptography;

namespace SdsServer.Core.Pki;

/// <summary>
/// Writes EC keys by hand from one export of their numbers. OpenSSL's own encoders cost about 20 microseconds a key,
/// as much as a signature; all lengths are fixed per curve, so the bytes around the numbers are constants.
/// </summary>
internal static class EcKeyEncoding
{
    // SubjectPublicKeyInfo up to the point: SEQUENCE { SEQUENCE { ecPublicKey, curve }, BIT STRING
    private static ReadOnlySpan<byte> SpkiP256 =>
        [0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00];

    private static ReadOnlySpan<byte> SpkiP384 =>
        [0x30, 0x76, 0x30, 0x10, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22, 0x03, 0x62, 0x00];

    // PrivateKeyInfo (RFC 5958) with an ECPrivateKey (RFC 5915) up to the scalar, and what stands between scalar and point.
    private static ReadOnlySpan<byte> Pkcs8P256 =>
        [0x30, 0x81, 0x87, 0x02, 0x01, 0x00, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01,
         0x07, 0x04, 0x6d, 0x30, 0x6b, 0x02, 0x01, 0x01, 0x04, 0x20];

    private static ReadOnlySpan<byte> Pkcs8P384 =>
        [0x30, 0x81, 0xb6, 0x02, 0x01, 0x00, 0x30, 0x10, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22, 0x04, 0x81,
         0x9e, 0x30, 0x81, 0x9b, 0x02, 0x01, 0x01, 0x04, 0x30];

    private static ReadOnlySpan<byte> PointP256 => [0xa1, 0x44, 0x03, 0x42, 0x00];

    private static ReadOnlySpan<byte> PointP384 => [0xa1, 0x64, 0x03, 0x62, 0x00];

    public static int Pkcs8Length(KeyAlgorithm algorithm) => algorithm == KeyAlgorithm.EcdsaP256
        ? Pkcs8P256.Length + 32 + PointP256.Length + 65
        : Pkcs8P384.Length + 48 + PointP384.Length + 97;

    public static (byte[] Pkcs8, PublicKeyInfo PublicKey) Encode(KeyAlgorithm algorithm, in ECParameters key)
    {
        bool p256 = algorithm == KeyAlgorithm.EcdsaP256;
        byte[] point = [4, .. key.Q.X!, .. key.Q.Y!];
        byte[] spki = [.. p256 ? SpkiP256 : SpkiP384, .. point];
        ReadOnlySpan<byte> head = p256 ? Pkcs8P256 : Pkcs8P384, middle = p256 ? PointP256 : PointP384;

        // Not by a collection expression: that grows a list, and leaves its buffers behind with the key in them.
        byte[] pkcs8 = new byte[Pkcs8Length(algorithm)];
        head.CopyTo(pkcs8);
        key.D!.CopyTo(pkcs8, head.Length);
        middle.CopyTo(pkcs8.AsSpan(head.Length + key.D!.Length));
        point.CopyTo(pkcs8, pkcs8.Length - point.Length);
        return (pkcs8, PublicKeyInfo.FromParts(spki, point, algorithm, p256 ? "P-256" : "P-384"));
    }
}
