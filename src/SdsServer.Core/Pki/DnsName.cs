using System.Buffers;

namespace SdsServer.Core.Pki;

/// <summary>DNS names as certificates carry them (RFC 1123 labels, RFC 5280 4.2.1.6), lower case, never a wildcard.</summary>
public static class DnsName
{
    private static readonly SearchValues<char> Allowed = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789-");

    /// <summary>Null for a good name, else what is wrong with it.</summary>
    public static string? Refuse(string name)
    {
        if (name.Length is 0 or > 253)
        {
            return "a DNS name has 1 to 253 characters";
        }

        string[] labels = name.Split('.');
        foreach (string label in labels)
        {
            if (label.Length is 0 or > 63 || label.AsSpan().ContainsAnyExcept(Allowed) || label[0] == '-' || label[^1] == '-')
            {
                return $"label \"{label}\" is not 1 to 63 of a-z 0-9 - (no wildcard, no upper case, no hyphen at either end)";
            }
        }

        return labels[^1].All(char.IsAsciiDigit) ? "the last label is a number, as in an IP address" : null;
    }
}
