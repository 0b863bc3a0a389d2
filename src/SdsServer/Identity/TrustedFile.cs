using Microsoft.Win32.SafeHandles;

namespace SdsServer.Identity;

/// <summary>A file that says who is who: registrations, authorities, revocation lists, keys of issuers. What everybody may write says nothing.</summary>
internal static class TrustedFile
{
    private const int MaxLength = 64 * 1024 * 1024;

    /// <summary>Its bytes, of the very file whose mode was looked at.</summary>
    /// <exception cref="IOException">They cannot be had, or are too many.</exception>
    /// <exception cref="UnauthorizedAccessException">Not by this user; or everybody may write them.</exception>
    public static byte[] Read(string path)
    {
        using SafeFileHandle file = File.OpenHandle(path);
        if (!OperatingSystem.IsWindows() && File.GetUnixFileMode(file).HasFlag(UnixFileMode.OtherWrite))
        {
            throw new UnauthorizedAccessException($"everybody may write it, and whoever writes it says who everybody is; take that right away. Run: chmod o-w '{path}'");
        }

        long length = RandomAccess.GetLength(file);
        if (length > MaxLength)
        {
            throw new IOException($"'{path}' has {length} bytes, more than {MaxLength}");
        }

        byte[] content = new byte[length];
        int read = RandomAccess.Read(file, content, 0);
        return read == content.Length ? content : throw new IOException($"'{path}' changed while it was read");
    }
}
