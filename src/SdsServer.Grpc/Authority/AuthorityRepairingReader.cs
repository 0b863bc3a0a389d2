using System.Buffers;
using System.Buffers.Binary;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace SdsServer.Grpc.Authority;

/// <summary>
/// The incoming bytes of a connection, each HEADERS frame held back until it is whole and its <c>:authority</c> repaired. Everything else
/// goes through untouched, and so does a connection that does not begin as HTTP/2.
/// </summary>
internal sealed class AuthorityRepairingReader(PipeReader inner) : PipeReader
{
    private const int FrameHeaderLength = 9;
    private const int MaxFrameLength = 16 * 1024;
    private const byte Headers = 1;
    private const byte Padded = 8;
    private const byte WithPriority = 32;

    private ReadOnlySequence<byte> _buffer;

    // Bytes at the front of the buffer that may be seen.
    private long _ready;

    // Bytes that go through before the next frame begins; without end once this is known to be no HTTP/2.
    private long _through;
    private bool _pastPreface;

    private static ReadOnlySpan<byte> Preface => "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8;

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public override async ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
    {
        while (true)
        {
            ReadResult result = await inner.ReadAsync(cancellationToken);
            if (TryShow(result, out ReadResult shown))
            {
                return shown;
            }
        }
    }

    public override bool TryRead(out ReadResult result)
    {
        while (inner.TryRead(out ReadResult read))
        {
            if (TryShow(read, out result))
            {
                return true;
            }
        }

        result = default;
        return false;
    }

    public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
        // Who has examined all there is to see waits for more than the bytes held back.
        bool all = _buffer.Slice(examined).Length <= _buffer.Length - _ready;
        SequencePosition end = _buffer.End;
        _ready -= _buffer.Slice(0, consumed).Length;
        inner.AdvanceTo(consumed, all ? end : examined);
    }

    public override void CancelPendingRead() => inner.CancelPendingRead();

    public override void Complete(Exception? exception = null) => inner.Complete(exception);

    private bool TryShow(ReadResult read, out ReadResult shown)
    {
        _buffer = read.Buffer;
        while (TryPassOn())
        {
        }

        _ready = read.IsCompleted ? _buffer.Length : _ready;
        shown = new ReadResult(_buffer.Slice(0, _ready), read.IsCanceled, read.IsCompleted);
        if (_ready > 0 || read.IsCanceled || read.IsCompleted)
        {
            return true;
        }

        inner.AdvanceTo(_buffer.Start, _buffer.End);
        return false;
    }

    // One step on: through the preface, a frame's bytes, or a repaired HEADERS frame. False when more bytes are needed.
    private bool TryPassOn()
    {
        ReadOnlySequence<byte> rest = _buffer.Slice(_ready);
        if (rest.IsEmpty)
        {
            return false;
        }

        if (_through > 0)
        {
            long passed = Math.Min(_through, rest.Length);
            _through -= passed;
            _ready += passed;
            return true;
        }

        return _pastPreface ? TryPassFrame(rest) : TryPassPreface(rest);
    }

    private bool TryPassPreface(in ReadOnlySequence<byte> rest)
    {
        Span<byte> start = stackalloc byte[(int)Math.Min(rest.Length, Preface.Length)];
        rest.Slice(0, start.Length).CopyTo(start);
        bool mayBe = Preface.StartsWith(start);
        if (mayBe && start.Length < Preface.Length)
        {
            return false;
        }

        _pastPreface = true;
        _through = mayBe ? Preface.Length : long.MaxValue;
        return true;
    }

    private bool TryPassFrame(in ReadOnlySequence<byte> rest)
    {
        if (rest.Length < FrameHeaderLength)
        {
            return false;
        }

        Span<byte> header = stackalloc byte[FrameHeaderLength];
        rest.Slice(0, FrameHeaderLength).CopyTo(header);
        int length = BinaryPrimitives.ReadInt32BigEndian(header) >>> 8;
        (byte type, byte flags) = (header[3], header[4]);
        if (type == Headers && length <= MaxFrameLength)
        {
            if (rest.Length < FrameHeaderLength + length)
            {
                return false;
            }

            RepairFrame(rest.Slice(FrameHeaderLength, length), flags);
        }

        _through = FrameHeaderLength + length;
        return true;
    }

    private static void RepairFrame(in ReadOnlySequence<byte> payload, byte flags)
    {
        // RFC 9113, 6.2. The padding comes after the block and reads as a harmless rest.
        int start = ((flags & Padded) != 0 ? 1 : 0) + ((flags & WithPriority) != 0 ? 5 : 0);
        if (payload.Length <= start)
        {
            return;
        }

        ReadOnlySequence<byte> block = payload.Slice(start);
        byte[] copy = ArrayPool<byte>.Shared.Rent((int)block.Length);
        Span<byte> bytes = copy.AsSpan(0, (int)block.Length);
        block.CopyTo(bytes);
        if (AuthorityRepair.Repair(bytes))
        {
            // The memory is the transport's own receive buffer, which nobody else reads or writes before it is handed back.
            foreach (ReadOnlyMemory<byte> segment in block)
            {
                bytes[..segment.Length].CopyTo(MemoryMarshal.AsMemory(segment).Span);
                bytes = bytes[segment.Length..];
            }
        }

        // Headers may carry tokens.
        ArrayPool<byte>.Shared.Return(copy, clearArray: true);
    }
}
