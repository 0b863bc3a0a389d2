using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using SdsServer.Core.Pki;

namespace SdsServer.Core.Tests.Pki;

public sealed class PrivateKeyTests
{
    public static TheoryData<KeyAlgorithm> Algorithms => [.. Enum.GetValues<KeyAlgorithm>().Where(algorithm => algorithm != KeyAlgorithm.Rsa4096)];

    [Theory]
    [MemberData(nameof(Algorithms))]
    public void A_key_survives_pkcs8_and_pem_and_signs_what_its_public_half_verifies(KeyAlgorithm algorithm)
    {
        using PrivateKey key = PrivateKey.Generate(algorithm);
        byte[] pkcs8 = new byte[key.Pkcs8Length];
        Assert.Equal(pkcs8.Length, key.WritePkcs8(pkcs8));
        using PrivateKey again = PrivateKey.FromPkcs8(pkcs8);
        using PrivateKey fromPem = PrivateKey.FromPem(key.Pem());
        Assert.Equal(key.PublicKey, again.PublicKey);
        Assert.Equal(key.PublicKey, fromPem.PublicKey);
        Assert.Equal(algorithm, fromPem.Algorithm);

        byte[] signature = again.Sign("data"u8);
        Assert.True(key.PublicKey.Verify("data"u8, signature, SignatureAlgorithm.For(algorithm)));
        Assert.False(key.PublicKey.Verify("date"u8, signature, SignatureAlgorithm.For(algorithm)));
        signature[^1] ^= 1;
        Assert.False(key.PublicKey.Verify("data"u8, signature, SignatureAlgorithm.For(algorithm)));
    }

    [Theory]
    [InlineData(KeyAlgorithm.EcdsaP256)]
    [InlineData(KeyAlgorithm.EcdsaP384)]
    public void Keys_encoded_by_hand_are_those_the_framework_writes(KeyAlgorithm algorithm)
    {
        using PrivateKey key = PrivateKey.Generate(algorithm);
        byte[] pkcs8 = new byte[key.Pkcs8Length];
        key.WritePkcs8(pkcs8);
        using ECDsa ecdsa = ECDsa.Create();
        ecdsa.ImportPkcs8PrivateKey(pkcs8, out int read);
        Assert.Equal(pkcs8.Length, read);
        Assert.Equal(ecdsa.ExportSubjectPublicKeyInfo(), key.PublicKey.Der.ToArray());
        Assert.Equal(ecdsa.ExportPkcs8PrivateKeyPem() + "\n", Encoding.ASCII.GetString(key.Pem()));
        Assert.True(ecdsa.VerifyData("x"u8, key.Sign("x"u8), SignatureAlgorithm.For(algorithm).Hash, DSASignatureFormat.Rfc3279DerSequence));
    }

    [Fact]
    public void Older_pem_forms_are_read()
    {
        using ECDsa ecdsa = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        using RSA rsa = RSA.Create(2048);
        string parameters = PemEncoding.WriteString("EC PARAMETERS", [6, 5, 0x2b, 0x81, 4, 0, 0x22]) + "\n";
        using PrivateKey ec = PrivateKey.FromPem(Encoding.ASCII.GetBytes(parameters + ecdsa.ExportECPrivateKeyPem()));
        using PrivateKey pkcs1 = PrivateKey.FromPem(Encoding.ASCII.GetBytes(rsa.ExportRSAPrivateKeyPem()));
        Assert.Equal(KeyAlgorithm.EcdsaP384, ec.Algorithm);
        Assert.Equal(rsa.ExportSubjectPublicKeyInfo(), pkcs1.PublicKey.Der.ToArray());
    }

    [Fact]
    public void Keys_envoy_cannot_use_and_other_bytes_are_refused_without_quoting_them()
    {
        using ECDsa p521 = ECDsa.Create(ECCurve.NamedCurves.nistP521);
        using ECDsa p256 = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using RSA small = RSA.Create(1024);
        byte[] ed25519 = Convert.FromHexString("302e020100300506032b657004220420" + Convert.ToHexString(RandomNumberGenerator.GetBytes(32)));
        string encrypted = p256.ExportEncryptedPkcs8PrivateKeyPem("secret", new PbeParameters(PbeEncryptionAlgorithm.Aes128Cbc, HashAlgorithmName.SHA256, 1));
        string good = p256.ExportPkcs8PrivateKeyPem();

        Refused(() => PrivateKey.FromPkcs8(p521.ExportPkcs8PrivateKey()), "P-521");
        Refused(() => PrivateKey.FromPkcs8(small.ExportPkcs8PrivateKey()), "RSA-1024");
        Refused(() => PrivateKey.FromPkcs8(ed25519), "not an unencrypted EC or RSA key");
        Refused(() => PrivateKey.FromPkcs8([.. p256.ExportPkcs8PrivateKey(), 0]), "bytes after");
        Refused(() => PrivateKey.FromPem(Encoding.ASCII.GetBytes(encrypted)), "encrypted");
        Refused(() => PrivateKey.FromPem(Encoding.ASCII.GetBytes($"{good}\n{good}\n")), "found 2");
        Refused(() => PrivateKey.FromPem(""u8), "found 0");
        Refused(() => PrivateKey.FromPem(Make.Root().Root.ToPem()), "CERTIFICATE is no private key");
        Refused(() => PrivateKey.FromPem(Encoding.ASCII.GetBytes(good[..100])), "cut off");

        static void Refused(Func<PrivateKey> read, string reason) =>
            Assert.Contains(reason, Assert.Throws<FormatException>(read).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData(" ")]
    [InlineData("\\n")]
    public void A_key_whose_line_breaks_were_lost_is_refused_without_quoting_it(string instead)
    {
        using PrivateKey key = PrivateKey.Generate(KeyAlgorithm.EcdsaP256);
        string pem = Encoding.ASCII.GetString(key.Pem());
        foreach (string text in new[] { pem.Replace("\n", instead, StringComparison.Ordinal), pem.Replace("-----\n", "-----" + instead, StringComparison.Ordinal) })
        {
            FormatException refused = Assert.Throws<FormatException>(() => PrivateKey.FromPem(Encoding.ASCII.GetBytes(text)));
            Assert.DoesNotContain("MIGH", refused.ToString(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_disposed_key_is_zeroed_and_refuses_work()
    {
        PrivateKey key = PrivateKey.Generate(KeyAlgorithm.EcdsaP256);
        key.Sign("x"u8);
        byte[] held = (byte[])typeof(PrivateKey).GetField("_pkcs8", System.Reflection.BindingFlags.Instance | System.Reflection.BindingFlags.NonPublic)!.GetValue(key)!;
        Assert.Contains(held, octet => octet != 0);
        key.Dispose();
        Assert.DoesNotContain(held, octet => octet != 0);
        Assert.Throws<ObjectDisposedException>(() => key.Sign("x"u8));
        Assert.Throws<ObjectDisposedException>(() => key.WritePem(new byte[500]));
        Assert.Throws<ObjectDisposedException>(() => key.WritePkcs8(new byte[500]));
    }

    [Fact]
    public void Nothing_that_holds_a_key_prints_it()
    {
        using SigningAuthority root = Make.Root();
        (IssuedLeaf leaf, PrivateKey key) = Make.Leaf(root);
        foreach ((PrivateKey secret, object[] holders) in new[] { (root.Key, new object[] { root.Key, root, new LeafIssuer(root, LeafPolicy.Default) }), (key, [key, leaf]) })
        {
            byte[] der = new byte[secret.Pkcs8Length];
            secret.WritePkcs8(der);
            string base64 = Convert.ToBase64String(der), hex = Convert.ToHexString(der), scalar = Convert.ToHexString(der[36..68]);
            foreach (object holder in holders)
            {
                string printed = $"{holder} {JsonSerializer.Serialize(holder, holder.GetType())}";
                Assert.DoesNotContain(base64[48..88], printed, StringComparison.Ordinal);
                Assert.DoesNotContain(Convert.ToBase64String(der[36..68])[..40], printed, StringComparison.Ordinal);
                Assert.DoesNotContain(hex, printed, StringComparison.OrdinalIgnoreCase);
                Assert.DoesNotContain(scalar, printed, StringComparison.OrdinalIgnoreCase);
            }
        }

        Assert.Contains("redacted", root.Key.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void One_key_signs_on_many_threads()
    {
        using PrivateKey key = PrivateKey.Generate(KeyAlgorithm.EcdsaP256);
        Parallel.For(0, 500, i => Assert.True(key.PublicKey.Verify([(byte)i], key.Sign([(byte)i]), SignatureAlgorithm.For(KeyAlgorithm.EcdsaP256))));
    }
}
