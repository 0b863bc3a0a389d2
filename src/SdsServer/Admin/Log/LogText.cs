using SdsServer.Core.Access;

namespace SdsServer.Admin.Log;

/// <summary>What callers wrote, made fit for a log: no secret that can be told from other text, no line of its own, no end.</summary>
internal static class LogText
{
    private const string KeyBegins = "-----BEGIN ";

    public static string Of(string text, int length)
    {
        // Cut first: what follows is not worth searching.
        string cut = text.Length > length ? text[..length] : text;
        cut = TokenText.CutSecrets(cut);
        int key = cut.IndexOf(KeyBegins, StringComparison.Ordinal);
        cut = key >= 0 ? cut[..key] + "[removed]" : text.Length > length ? cut + "..." : cut;
        return string.Create(cut.Length, cut, static (span, from) =>
        {
            for (int i = 0; i < span.Length; i++)
            {
                span[i] = char.IsControl(from[i]) ? ' ' : from[i];
            }
        });
    }
}
