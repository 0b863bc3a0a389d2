using System.Buffers;
using System.Text;

namespace SdsServer.Grpc.Authority;

/// <summary>
/// Overwrites the characters of <c>:authority</c> that Kestrel refuses with ones it takes, in the HPACK block, without changing a length:
/// neither of the block nor, because the peer's dynamic table counts decoded bytes, of the decoded value. A block that is malformed or
/// cut off is left to Kestrel.
/// </summary>
internal static class AuthorityRepair
{
    private const int AuthorityIndex = 1;

    // What Kestrel takes in a host name, found out by sending it each one.
    private static readonly SearchValues<char> s_accepted =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~!$&'()");

    /// <summary>True when the block was changed.</summary>
    public static bool Repair(Span<byte> block)
    {
        int at = 0;
        while (at < block.Length)
        {
            // RFC 7541, 6: the leading bits tell the representation.
            byte first = block[at];
            int prefixBits = first >= 0x80 ? 7 : first >= 0x40 ? 6 : first >= 0x20 ? 5 : 4;
            if (!TryReadInteger(block, ref at, prefixBits, out int index))
            {
                return false;
            }

            if (prefixBits is 7 or 5)
            {
                continue;
            }

            bool isAuthority = index == AuthorityIndex;
            if (index == 0)
            {
                if (!TryReadString(block, ref at, out _, out Span<byte> name))
                {
                    return false;
                }

                isAuthority = name.SequenceEqual(":authority"u8);
            }

            if (!TryReadString(block, ref at, out bool isHuffman, out Span<byte> value))
            {
                return false;
            }

            if (isAuthority)
            {
                return isHuffman ? RepairHuffman(value) : RepairLiteral(value);
            }
        }

        return false;
    }

    private static bool RepairLiteral(Span<byte> value)
    {
        if (IsAccepted(Encoding.Latin1.GetString(value)))
        {
            return false;
        }

        foreach (ref byte c in value)
        {
            c = s_accepted.Contains((char)c) ? c : (byte)'-';
        }

        return true;
    }

    private static bool RepairHuffman(Span<byte> value)
    {
        List<(char Symbol, int FirstBit)> symbols = [];
        if (!HuffmanCode.TryDecode(value, symbols) || IsAccepted(string.Concat(symbols.Select(symbol => symbol.Symbol))))
        {
            return false;
        }

        foreach ((char symbol, int firstBit) in symbols)
        {
            if (!s_accepted.Contains(symbol))
            {
                HuffmanCode.Overwrite(value, firstBit, Substitute(symbol));
            }
        }

        return true;
    }

    // Of the same code length. A few rare characters have no accepted one; those stay, and are refused.
    private static char Substitute(char refused) => HuffmanCode.LengthOf(refused) switch
    {
        6 => '-',
        7 => 'x',
        8 => '&',
        10 => '!',
        11 => '\'',
        13 => '~',
        _ => refused,
    };

    // host, host:port or [address]:port; an empty one is accepted too.
    private static bool IsAccepted(string authority)
    {
        int colon = authority.LastIndexOf(':');
        bool hasPort = colon > 0 && colon < authority.Length - 1 && !authority.AsSpan(colon + 1).ContainsAnyExceptInRange('0', '9');
        ReadOnlySpan<char> host = hasPort ? authority.AsSpan(0, colon) : authority;
        return host is ['[', .., ']'] || !host.ContainsAnyExcept(s_accepted);
    }

    private static bool TryReadString(Span<byte> block, ref int at, out bool isHuffman, out Span<byte> text)
    {
        text = default;
        isHuffman = at < block.Length && block[at] >= 0x80;
        if (!TryReadInteger(block, ref at, 7, out int length) || length > block.Length - at)
        {
            return false;
        }

        text = block.Slice(at, length);
        at += length;
        return true;
    }

    // RFC 7541, 5.1; more than three further bytes are no length or index a header block can have.
    private static bool TryReadInteger(ReadOnlySpan<byte> block, ref int at, int prefixBits, out int value)
    {
        value = 0;
        if (at >= block.Length)
        {
            return false;
        }

        int max = (1 << prefixBits) - 1;
        value = block[at++] & max;
        for (int shift = 0; value >= max && shift <= 14; shift += 7)
        {
            if (at >= block.Length)
            {
                return false;
            }

            byte next = block[at++];
            value += (next & 127) << shift;
            if (next < 128)
            {
                return true;
            }
        }

        return value < max;
    }
}
