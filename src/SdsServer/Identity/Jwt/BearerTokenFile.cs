using System.Text;
using Microsoft.Win32.SafeHandles;
using SdsServer.Storage.Keys;

namespace SdsServer.Identity.Jwt;

/// <summary>A file with a token of this server's own, to be shown to others.</summary>
internal static class BearerTokenFile
{
    private const int MaxLength = 16 * 1024;

    /// <exception cref="FormatException">It holds anything else; names the file and shows nothing of it.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">Nor by this user; or strangers may read it.</exception>
    public static string Read(string path)
    {
        using SafeFileHandle file = File.OpenHandle(path);
        if (KeyFileAccess.Refusal("the token", path, file) is { } refusal)
        {
            throw new UnauthorizedAccessException(refusal);
        }

        byte[] content = new byte[MaxLength + 1];
        int length = RandomAccess.Read(file, content, 0);
        if (length > MaxLength)
        {
            throw new FormatException($"'{path}' is too long for a token");
        }

        // Checked here, because the header's own check would show it.
        string token = Encoding.UTF8.GetString(content, 0, length).Trim();
        return token.Length > 0 && token.All(letter => letter is > ' ' and <= '~') ? token : throw new FormatException($"'{path}' holds no token");
    }
}
