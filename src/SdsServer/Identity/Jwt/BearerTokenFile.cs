using System.Text;

namespace SdsServer.Identity.Jwt;

/// <summary>A file with a token of this server's own, to be shown to others.</summary>
internal static class BearerTokenFile
{
    private const int MaxLength = 16 * 1024;

    /// <exception cref="FormatException">It holds anything else; names the file and shows nothing of it.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">Nor by this user; or everybody may write it.</exception>
    public static string Read(string path)
    {
        // Others may read it: the kubelet gives a pod's token no better mode without fsGroup, and in a pod there are none.
        byte[] content = TrustedFile.Read(path);
        if (content.Length > MaxLength)
        {
            throw new FormatException($"'{path}' is too long for a token");
        }

        // Checked here, because the header's own check would show it.
        string token = Encoding.UTF8.GetString(content).Trim();
        return token.Length > 0 && token.All(letter => letter is > ' ' and <= '~') ? token : throw new FormatException($"'{path}' holds no token");
    }
}
