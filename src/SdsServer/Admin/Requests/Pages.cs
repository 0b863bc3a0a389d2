using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Google.Protobuf;

namespace SdsServer.Admin.Requests;

/// <summary>
/// Cuts lists into pages. A page token holds the key of the last element and a mark of the request: pages stay right when elements come
/// and go in between, and a token is refused beside another filter.
/// </summary>
internal static class Pages
{
    private const int DefaultSize = 100;
    private const int MaxSize = 1000;
    private const int MarkLength = 8;

    /// <summary>The page size to use; reports a negative one.</summary>
    public static int Size(RequestCheck check, int asked)
    {
        check.Require("page_size", asked >= 0, "must not be negative; 0 takes the default of 100");
        return asked == 0 ? DefaultSize : Math.Min(asked, MaxSize);
    }

    /// <summary>The key of the last element of the page before, or null for the first page; reports a token of another request.</summary>
    /// <param name="check">Takes the report.</param>
    /// <param name="scope">The request without page size and token.</param>
    /// <param name="token">As the caller sent it.</param>
    public static string? After(RequestCheck check, IMessage scope, string token)
    {
        if (token.Length == 0)
        {
            return null;
        }

        if (Base64Url.IsValid(token, out int length) && length > MarkLength
            && Base64Url.DecodeFromChars(token) is var bytes && bytes.AsSpan(0, MarkLength).SequenceEqual(Mark(scope)))
        {
            return Encoding.UTF8.GetString(bytes.AsSpan(MarkLength));
        }

        check.Wrong("page_token", "is not the next_page_token of a request with the same other fields; begin again with an empty one");
        return null;
    }

    /// <summary>The elements behind a key, in ordinal order of their keys, and the token of the next page, empty on the last.</summary>
    public static (IReadOnlyList<T> Page, string NextToken) Cut<T>(IEnumerable<T> all, Func<T, string> key, string? after, int size, IMessage scope)
    {
        List<(string Key, T Element)> page = all
            .Select(element => (Key: key(element), Element: element))
            .Where(entry => after is null || string.CompareOrdinal(entry.Key, after) > 0)
            .OrderBy(entry => entry.Key, StringComparer.Ordinal)
            .Take(size + 1)
            .ToList();
        bool more = page.Count > size;
        return ([.. page.Take(size).Select(entry => entry.Element)], more ? Token(scope, page[size - 1].Key) : "");
    }

    public static string Token(IMessage scope, string key) => Base64Url.EncodeToString([.. Mark(scope), .. Encoding.UTF8.GetBytes(key)]);

    /// <summary>A key that puts the newest first.</summary>
    public static string NewestFirst(DateTimeOffset time, string id) => $"{long.MaxValue - time.UtcTicks:d19} {id}";

    private static ReadOnlySpan<byte> Mark(IMessage scope) => SHA256.HashData(scope.ToByteArray()).AsSpan(0, MarkLength);
}
