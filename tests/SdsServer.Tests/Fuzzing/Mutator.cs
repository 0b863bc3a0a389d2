using System.Text;

namespace SdsServer.Tests.Fuzzing;

/// <summary>Makes new input from good input: bytes flipped, cut, repeated and moved, lengths and numbers at their limits, text that looks like other text.</summary>
internal sealed class Mutator(Random random, IReadOnlyList<byte[]> corpus)
{
    private const int MaxLength = 16_384;

    private static readonly byte[] s_limits = [0x00, 0x01, 0x7f, 0x80, 0x81, 0x82, 0x84, 0x88, 0xfe, 0xff];

    // Case, width, direction, dots and slashes that are none, paths that lead elsewhere, numbers and texts that parsers trip over.
    private static readonly byte[][] s_pieces =
    [
        .. new[]
        {
            "../", "..%2f", "%2e%2e/", "%00", "\0", "//", "/./", "spiffe://", "SPIFFE://", "spiffe:", "?", "#", "@", ":443", "\u0430", "\u212a", "\u0130", "\uff0e", "\u2024", "\u202e",
            "\u200b", "\ufeff", "e\u0301", "\ud7ff", "-1", "1e400", "18446744073709551616", "null", "true", "{}", "[]", "[[[[[[[[[[[[[[[[[[", "{\"a\":{\"a\":{\"a\":", "\"", "\\u0000", "\\ud800",
            "-----BEGIN CERTIFICATE-----\n", "-----END CERTIFICATE-----\n", "-----BEGIN X509 CRL-----\n", "=", "==", "\r\n", "\n", "*", "{namespace}", "{", "}", ",", "xn--", "ns/default/sa/",
        }.Select(Encoding.UTF8.GetBytes),
        [0x30, 0x80], [0x30, 0x84, 0xff, 0xff, 0xff, 0xff], [0x02, 0x01, 0x00], [0x05, 0x00], [0x03, 0x02, 0x07, 0x80], [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01], [0x0a, 0x80, 0x80, 0x01], [0xc0, 0xaf], [0xed, 0xa0, 0x80],
    ];

    public byte[] Next()
    {
        List<byte> input = [.. Any(corpus)];
        for (int changes = 1 + random.Next(random.Next(4) == 0 ? 24 : 4); changes > 0; changes--)
        {
            Change(input);
        }

        return input.Count <= MaxLength ? [.. input] : [.. input.Take(MaxLength)];
    }

    private void Change(List<byte> input)
    {
        int at = random.Next(input.Count + 1);
        int length = Math.Min(1 + random.Next(random.Next(3) == 0 ? 200 : 4), input.Count - at);
        switch (random.Next(9))
        {
            case 0 when at < input.Count: input[at] ^= (byte)(1 << random.Next(8)); break;
            case 1 when at < input.Count: input[at] = (byte)random.Next(256); break;
            case 2 when at < input.Count: input[at] = Any(s_limits); break;
            case 3: input.RemoveRange(at, length); break;
            case 4: input.InsertRange(at, input.GetRange(at, length)); break;
            case 5: input.InsertRange(at, Any(s_pieces)); break;
            case 6:
                byte[] other = Any(corpus);
                int from = random.Next(other.Length + 1);
                input.InsertRange(at, other.AsSpan(from, Math.Min(random.Next(64), other.Length - from)).ToArray());
                break;
            case 7 when at < input.Count: input[at] = (byte)(input[at] + random.Next(3) - 1); break;
            default:
                byte[] piece = Any(s_pieces);
                for (int i = 0; i < piece.Length && at + i < input.Count; i++)
                {
                    input[at + i] = piece[i];
                }

                break;
        }
    }

    private T Any<T>(IReadOnlyList<T> choices) => choices[random.Next(choices.Count)];
}
