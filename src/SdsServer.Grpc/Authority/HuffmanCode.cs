using System.Collections.Frozen;

namespace SdsServer.Grpc.Authority;

/// <summary>The part of HPACK's Huffman code (RFC 7541, appendix B) that printable ASCII needs.</summary>
internal static class HuffmanCode
{
    // The code is canonical: symbols of one length have consecutive codes, in the order of their values. NUL is here to keep the count.
    private static readonly (int Length, string Symbols)[] s_lengths =
    [
        (5, "012aceiost"), (6, " %-./3456789=A_bdfghlmnpru"), (7, ":BCDEFGHIJKLMNOPQRSTUVWYjkqvwxyz"), (8, "&*,;XZ"), (10, "!\"()?"),
        (11, "'+|"), (12, "#>"), (13, "\0$@[]~"), (14, "^}"), (15, "<`{"),
    ];

    private static readonly FrozenDictionary<(int Length, int Code), char> s_symbols =
        Codes().ToFrozenDictionary(code => (code.Length, code.Code), code => code.Symbol);

    private static readonly FrozenDictionary<char, (int Length, int Code)> s_codes =
        Codes().ToFrozenDictionary(code => code.Symbol, code => (code.Length, code.Code));

    /// <summary>The characters with the bits each begins at; false when the text has others than these, or ends in no padding.</summary>
    public static bool TryDecode(ReadOnlySpan<byte> encoded, List<(char Symbol, int FirstBit)> symbols)
    {
        (int length, int code) = (0, 0);
        for (int bit = 0; bit < encoded.Length * 8; bit++)
        {
            code = (code << 1) | ((encoded[bit / 8] >> (7 - (bit % 8))) & 1);
            if (s_symbols.TryGetValue((++length, code), out char symbol))
            {
                symbols.Add((symbol, bit + 1 - length));
                (length, code) = (0, 0);
            }
            else if (length > 15)
            {
                return false;
            }
        }

        return length < 8 && code == (1 << length) - 1;
    }

    /// <summary>Bits of the character's code.</summary>
    public static int LengthOf(char symbol) => s_codes[symbol].Length;

    /// <summary>Writes the character's code over the bits that begin at <paramref name="firstBit"/>.</summary>
    public static void Overwrite(Span<byte> encoded, int firstBit, char symbol)
    {
        (int length, int code) = s_codes[symbol];
        for (int i = 0; i < length; i++)
        {
            int mask = 128 >> ((firstBit + i) % 8);
            ref byte target = ref encoded[(firstBit + i) / 8];
            target = (byte)(((code >> (length - 1 - i)) & 1) == 1 ? target | mask : target & ~mask);
        }
    }

    private static IEnumerable<(char Symbol, int Length, int Code)> Codes()
    {
        (int code, int before) = (0, 0);
        foreach ((int length, string symbols) in s_lengths)
        {
            code <<= length - before;
            before = length;
            foreach (char symbol in symbols)
            {
                yield return (symbol, length, code++);
            }
        }
    }
}
