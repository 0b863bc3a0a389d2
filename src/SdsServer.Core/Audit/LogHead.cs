using System.Globalization;

namespace SdsServer.Core.Audit;

/// <summary>The end of a log at some moment. Whoever keeps one elsewhere can tell later whether anything up to it was changed.</summary>
/// <param name="Number">The last line's number; 0 for an empty log.</param>
/// <param name="Hash">The last line's hash, lower-case hex; <see cref="LogChain.Origin"/> for an empty log.</param>
public sealed record LogHead(long Number, string Hash)
{
    /// <summary>Length of <see cref="Hash"/>.</summary>
    public const int HashLength = 64;

    /// <summary>Reads <c>number:hash</c>, as <see cref="ToString"/> writes it.</summary>
    public static LogHead? Parse(string text) =>
        text.Split(':') is [var number, var hash] && long.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out long line) && IsHash(hash)
            ? new LogHead(line, hash.ToLowerInvariant())
            : null;

    /// <summary>Whether the text can be a hash.</summary>
    public static bool IsHash(string text) => text.Length == HashLength && text.All(char.IsAsciiHexDigit);

    /// <summary><c>number:hash</c>.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Number}:{Hash}");
}
