namespace SdsServer.Identity.Jwt;

/// <summary>A file with a token of this server's own, to be shown to others.</summary>
internal static class BearerTokenFile
{
    private const int MaxLength = 16 * 1024;

    /// <exception cref="FormatException">It holds anything else; names the file and shows nothing of it.</exception>
    /// <exception cref="IOException">It cannot be read; so does UnauthorizedAccessException say.</exception>
    public static async Task<string> ReadAsync(string file, CancellationToken cancellation)
    {
        if (new FileInfo(file).Length > MaxLength)
        {
            throw new FormatException($"'{file}' is too long for a token");
        }

        // Checked here, because the header's own check would show it.
        string token = (await File.ReadAllTextAsync(file, cancellation)).Trim();
        return token.Length > 0 && token.All(letter => letter is > ' ' and <= '~') ? token : throw new FormatException($"'{file}' holds no token");
    }
}
