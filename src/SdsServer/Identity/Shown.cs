namespace SdsServer.Identity;

/// <summary>What others wrote, fit for a log line: bounded, and no letter that ends a line or hides what stands there.</summary>
internal static class Shown
{
    private const int MaxLength = 600;

    public static string Text(string text)
    {
        string start = text.Length > MaxLength ? text[..MaxLength] + "…" : text;
        return string.Concat(start.Select(letter => char.IsControl(letter) || char.GetUnicodeCategory(letter) is System.Globalization.UnicodeCategory.Format
            or System.Globalization.UnicodeCategory.LineSeparator or System.Globalization.UnicodeCategory.ParagraphSeparator ? ' ' : letter));
    }
}
