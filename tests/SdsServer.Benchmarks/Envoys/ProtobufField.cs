namespace SdsServer.Benchmarks.Envoys;

/// <summary>One field of an encoded message: where it begins and ends, and where its content is.</summary>
internal readonly record struct ProtobufField(int Number, Range Whole, Range Content)
{
    /// <summary>Takes a message apart, one level deep. Unknown fields keep their place.</summary>
    /// <exception cref="InvalidDataException">Not a protobuf message.</exception>
    public static List<ProtobufField> Read(ReadOnlySpan<byte> message)
    {
        List<ProtobufField> fields = [];
        for (int at = 0; at < message.Length;)
        {
            int start = at;
            ulong tag = Varint(message, ref at);
            int content = at;
            switch (tag & 7)
            {
                case 0: Varint(message, ref at); break;
                case 1: at += 8; break;
                case 5: at += 4; break;
                case 2:
                    int length = checked((int)Varint(message, ref at));
                    content = at;
                    at += length;
                    break;
                default: throw new InvalidDataException($"protobuf: wire type {tag & 7} at {start}");
            }

            if (at > message.Length)
            {
                throw new InvalidDataException($"protobuf: the field at {start} is cut off");
            }

            fields.Add(new ProtobufField((int)(tag >> 3), start..at, content..at));
        }

        return fields;
    }

    /// <summary>Content of the first field with this number, or nothing, without taking the rest apart.</summary>
    public static ReadOnlySpan<byte> Find(ReadOnlySpan<byte> message, int number)
    {
        for (int at = 0; at < message.Length;)
        {
            ulong tag = Varint(message, ref at);
            if ((tag & 7) != 2)
            {
                at = (tag & 7) switch { 0 => SkipVarint(message, at), 1 => at + 8, _ => at + 4 };
                continue;
            }

            int length = (int)Varint(message, ref at);
            if ((int)(tag >> 3) == number)
            {
                return message.Slice(at, length);
            }

            at += length;
        }

        return [];
    }

    /// <summary>A length-delimited field.</summary>
    public static byte[] Encode(int number, ReadOnlySpan<byte> content)
    {
        List<byte> bytes = [(byte)((number << 3) | 2)];
        uint length = (uint)content.Length;
        for (; length >= 0x80; length >>= 7)
        {
            bytes.Add((byte)(length | 0x80));
        }

        bytes.Add((byte)length);
        return [.. bytes, .. content];
    }

    private static int SkipVarint(ReadOnlySpan<byte> message, int at)
    {
        Varint(message, ref at);
        return at;
    }

    private static ulong Varint(ReadOnlySpan<byte> message, ref int at)
    {
        ulong value = 0;
        for (int shift = 0; shift < 64 && at < message.Length; shift += 7)
        {
            byte octet = message[at++];
            value |= (ulong)(octet & 0x7f) << shift;
            if (octet < 0x80)
            {
                return value;
            }
        }

        throw new InvalidDataException("protobuf: a number is cut off");
    }
}
