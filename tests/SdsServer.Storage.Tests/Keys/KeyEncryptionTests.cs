using System.Security.Cryptography;
using SdsServer.Storage.Keys;
using SdsServer.Storage.Tests.Sqlite;

namespace SdsServer.Storage.Tests.Keys;

public sealed class KeyEncryptionTests : IDisposable
{
    private static readonly KeyBinding Binding = new("mesh.example", "ca-1", KeyBinding.SigningKey);

    private readonly TemporaryDirectory _directory = new();
    private readonly KeyEncryptionKey _kek;
    private readonly byte[] _key = RandomNumberGenerator.GetBytes(24);

    public KeyEncryptionTests() => _kek = KeyEncryptionKey.CreateFile(_directory["kek"]);

    public void Dispose()
    {
        _kek.Dispose();
        _directory.Dispose();
    }

    [Fact]
    public void What_was_encrypted_is_decrypted() => Assert.Equal(_key, KeyEncryption.Decrypt(_kek, Binding, Encrypt()));

    [Fact]
    public void Nothing_repeats_between_two_encryptions_of_one_key()
    {
        byte[] first = Encrypt(), second = Encrypt();
        Assert.Equal(89 + _key.Length, first.Length);
        foreach ((int offset, int length) in (ReadOnlySpan<(int, int)>)[(1, 12), (13, 16), (29, 32), (61, 12), (73, 16), (89, _key.Length)])
        {
            Assert.NotEqual(first[offset..(offset + length)], second[offset..(offset + length)]);
        }
    }

    [Fact]
    public void Every_flipped_bit_is_noticed()
    {
        byte[] envelope = Encrypt();
        for (int bit = 0; bit < envelope.Length * 8; bit++)
        {
            byte[] flipped = [.. envelope];
            flipped[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.ThrowsAny<CryptographicException>(() => KeyEncryption.Decrypt(_kek, Binding, flipped));
        }
    }

    [Fact]
    public void Every_shorter_or_longer_envelope_is_refused()
    {
        byte[] envelope = Encrypt();
        for (int length = 0; length < envelope.Length; length++)
        {
            byte[] cut = envelope[..length];
            Assert.ThrowsAny<CryptographicException>(() => KeyEncryption.Decrypt(_kek, Binding, cut));
        }

        Assert.ThrowsAny<CryptographicException>(() => KeyEncryption.Decrypt(_kek, Binding, [.. envelope, 0]));
    }

    [Theory]
    [InlineData("mesh.example", "ca-2", KeyBinding.SigningKey)]
    [InlineData("other.example", "ca-1", KeyBinding.SigningKey)]
    [InlineData("mesh.example", "ca-1", "something else")]
    [InlineData("mesh.exampl", "eca-1", KeyBinding.SigningKey)]
    public void An_envelope_opens_only_where_it_belongs(string trustDomain, string authority, string purpose) =>
        Assert.ThrowsAny<CryptographicException>(() => KeyEncryption.Decrypt(_kek, new KeyBinding(trustDomain, authority, purpose), Encrypt()));

    [Fact]
    public void A_wrapped_key_of_another_envelope_is_refused()
    {
        byte[] mixed = [.. Encrypt()[..61], .. Encrypt()[61..]];
        Assert.ThrowsAny<CryptographicException>(() => KeyEncryption.Decrypt(_kek, Binding, mixed));
    }

    [Fact]
    public void Another_key_encryption_key_is_refused()
    {
        using KeyEncryptionKey other = KeyEncryptionKey.CreateFile(_directory["other"]);
        Assert.ThrowsAny<CryptographicException>(() => KeyEncryption.Decrypt(other, Binding, Encrypt()));
        Assert.NotEqual(_kek.CheckValue([1]), other.CheckValue([1]));
    }

    [Fact]
    public void A_disposed_key_encrypts_nothing_that_opens_later()
    {
        byte[] envelope = Encrypt();
        _kek.Dispose();
        Assert.ThrowsAny<CryptographicException>(() => KeyEncryption.Decrypt(_kek, Binding, envelope));
    }

    [Fact]
    public void It_cannot_be_printed() => Assert.Equal("KeyEncryptionKey (redacted)", _kek.ToString());

    private byte[] Encrypt() => KeyEncryption.Encrypt(_kek, Binding, _key);
}
