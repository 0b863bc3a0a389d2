using System.Buffers;
using System.Buffers.Binary;

namespace SdsServer.Limits;

/// <summary>
/// How many frames one connection may send of those that cost the server more than their sender (RFC 9113 section 10.5). An Envoy comes
/// nowhere near: it keeps its streams, and pings every few seconds. Looks at what passes by and keeps none of it. Not for concurrent use.
/// </summary>
/// <param name="mayReset">Takes one from what all connections of its address may drop right after opening it; false: that is used up.</param>
internal sealed class FrameBudget(TimeProvider time, Func<bool> mayReset, bool isDistrusted = false)
{
    private const int PrefaceLength = 24;
    private const int HeaderLength = 9;
    private const int IncrementLength = 4;

    // RFC 9113 section 6.
    private const byte Data = 0x0;
    private const byte Headers = 0x1;
    private const byte ResetStream = 0x3;
    private const byte Settings = 0x4;
    private const byte Ping = 0x6;
    private const byte WindowUpdate = 0x8;
    private const byte Continuation = 0x9;
    private const byte EndStreamOrAck = 0x1;
    private const byte Padded = 0x8;

    private static readonly TimeSpan s_young = TimeSpan.FromSeconds(1);

    private readonly byte[] _head = new byte[HeaderLength + IncrementLength];
    private readonly Queue<(uint Stream, long At)> _young = new();

    // An Envoy without ADS has a stream for each secret, up to 1000. Where all are refused it resets what the server has ended, and tries
    // again after half a second, a second, and so on.
    private readonly RequestRate _opened = isDistrusted ? new(50, 2_000, time) : new(200, 8_000, time);
    private readonly RequestRate _abandoned = isDistrusted ? new(25, 1_000, time) : new(100, 6_000, time);

    // Of those that are young. A gRPC client sends its first message with the stream: what is reset before that nobody has wanted.
    private readonly HashSet<uint> _bare = [];
    private readonly RequestRate _bareResets = new(10, 100, time);

    // grpc-go measures the bandwidth by pings beside data that it gets.
    private readonly RequestRate _pings = new(100, 1_000, time);
    private readonly RequestRate _settings = new(1, 20, time);
    private readonly RequestRate _others = new(100, 1_000, time);

    private int _headLength;
    private long _skip = PrefaceLength;
    private uint _lastOpened;

    /// <summary>Streams that are remembered because they are young and have had no message yet.</summary>
    public int Remembered => _bare.Count;

    /// <summary>What the connection does too often, for the log; null: nothing.</summary>
    /// <param name="bytes">What came after that of the call before.</param>
    public string? See(ReadOnlySequence<byte> bytes)
    {
        foreach (ReadOnlyMemory<byte> piece in bytes)
        {
            if (See(piece.Span) is { } excess)
            {
                return excess;
            }
        }

        return null;
    }

    private string? See(ReadOnlySpan<byte> rest)
    {
        while (rest.Length > 0)
        {
            if (_skip > 0)
            {
                int passed = (int)Math.Min(_skip, rest.Length);
                _skip -= passed;
                rest = rest[passed..];
                continue;
            }

            int wanted = Wanted;
            int taken = Math.Min(wanted - _headLength, rest.Length);
            rest[..taken].CopyTo(_head.AsSpan(_headLength));
            _headLength += taken;
            rest = rest[taken..];
            if (_headLength < Wanted)
            {
                continue;
            }

            int length = PayloadLength;
            _skip = length - (_headLength - HeaderLength);
            _headLength = 0;
            if (Judge(_head[3], _head[4], BinaryPrimitives.ReadUInt32BigEndian(_head.AsSpan(5)) & 0x7fffffff, length) is { } excess)
            {
                return excess;
            }
        }

        return null;
    }

    private int PayloadLength => (_head[0] << 16) | (_head[1] << 8) | _head[2];

    // Of a window update the increment is looked at too.
    private int Wanted => _headLength >= HeaderLength && _head[3] == WindowUpdate && PayloadLength >= IncrementLength ? HeaderLength + IncrementLength : HeaderLength;

    private string? Judge(byte type, byte flags, uint stream, int length)
    {
        switch (type)
        {
            case Headers when stream > _lastOpened:
                _lastOpened = stream;
                Settle();
                _young.Enqueue((stream, time.GetTimestamp()));
                _bare.Add(stream);
                return _opened.TryTake() ? null : "opens streams without end";
            case ResetStream:
                Settle();
                return !IsYoung(stream) || ((_bare.Remove(stream) ? _bareResets : _abandoned).TryTake() && mayReset()) ? null : "resets streams that it has just opened (CVE-2023-44487)";
            case WindowUpdate when stream > 0:
                // Section 6.9: nothing, or a window of more than 2^31-1, is an error of the stream, which the server has to reset. Nobody's first window is half of that.
                uint increment = BinaryPrimitives.ReadUInt32BigEndian(_head.AsSpan(HeaderLength)) & 0x7fffffff;
                return increment is > 0 and < 1 << 30 || (_bareResets.TryTake() && mayReset()) ? null : "makes the server reset streams (CVE-2025-8671)";
            case WindowUpdate:
                return null;
            case Ping:
                return _pings.TryTake() ? null : "sends PING without end (CVE-2019-9512)";
            case Settings:
                return (flags & EndStreamOrAck) != 0 || _settings.TryTake() ? null : "sends SETTINGS without end (CVE-2019-9515)";
            case Data:
                _bare.Remove(stream);
                // Padding may be all there is, and no gRPC client pads.
                return (length > 0 && (flags & Padded) == 0) || (flags & EndStreamOrAck) != 0 || _others.TryTake() ? null : "sends DATA without data (CVE-2019-9518)";
            case Continuation:
                return _others.TryTake() ? null : "sends a header block without end (CVE-2024-27316)";
            default:
                return _others.TryTake() ? null : "sends frames that nobody needs";
        }
    }

    private bool IsYoung(uint stream) => _young.TryPeek(out (uint Stream, long At) oldest) && stream >= oldest.Stream;

    private void Settle()
    {
        while (_young.TryPeek(out (uint Stream, long At) oldest) && time.GetElapsedTime(oldest.At) >= s_young)
        {
            _young.Dequeue();
            _bare.Remove(oldest.Stream);
        }
    }
}
