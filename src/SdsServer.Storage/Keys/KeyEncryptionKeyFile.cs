using System.Buffers;
using System.Buffers.Text;
using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;
using SdsServer.Storage.Files;

namespace SdsServer.Storage.Keys;

/// <summary>The file of a <see cref="KeyEncryptionKey"/>: its mode and its three spellings.</summary>
internal static class KeyEncryptionKeyFile
{
    private const int HexLength = 2 * KeyEncryptionKey.Size;
    private const int Base64Length = 44;

    private static readonly SearchValues<byte> HexDigits = SearchValues.Create("0123456789abcdefABCDEF"u8);

    public static void Create(string path, ReadOnlySpan<byte> key)
    {
        try
        {
            DurableFile.WriteNew(path, key);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new StoreOpenException($"the key-encryption key cannot be written to '{path}': {error.Message}", error);
        }
    }

    public static void Read(string path, Span<byte> key)
    {
        Span<byte> content = stackalloc byte[4 * KeyEncryptionKey.Size];
        try
        {
            using SafeFileHandle file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            if (KeyFileAccess.Refusal("the key-encryption key", path, file) is { } refusal)
            {
                throw new StoreOpenException(refusal);
            }

            int length = RandomAccess.Read(file, content, 0);
            Parse(path, content[..length], key);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            throw new StoreOpenException(
                $"the key-encryption key '{path}' cannot be read: {error.Message} Restore the file from its backup; without it the stored CA keys are lost.",
                error);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(content);
        }
    }

    private static void Parse(string path, ReadOnlySpan<byte> content, Span<byte> key)
    {
        ReadOnlySpan<byte> text = content.Trim(" \t\r\n"u8);
        bool hex = text.Length > 0 && !text.ContainsAnyExcept(HexDigits);
        bool parsed = text.Length switch
        {
            HexLength when hex => Convert.FromHexString(text, key, out _, out int written) == OperationStatus.Done && written == key.Length,
            Base64Length => Base64.DecodeFromUtf8(text, key, out _, out int written) == OperationStatus.Done && written == key.Length,
            // 32 hex digits are a key of half the size in text, never by chance 32 raw bytes.
            _ => content.Length == key.Length && !hex && content.TryCopyTo(key),
        };
        if (!parsed)
        {
            throw new StoreOpenException(
                $"the key-encryption key '{path}' does not hold a key: expected {KeyEncryptionKey.Size} raw bytes, {HexLength} hex digits "
                + $"or {Base64Length} characters of base64. Restore the file, or for a new server make one: openssl rand -hex 32");
        }
    }
}
