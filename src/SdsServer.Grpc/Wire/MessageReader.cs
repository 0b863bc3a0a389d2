using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using Google.Protobuf;

namespace SdsServer.Grpc.Wire;

/// <summary>
/// Takes messages off one stream. Nothing is buffered here: bytes stay in the pipe until a message is whole, and a message over the
/// limit is refused on its prefix. One read at a time. After a malformed message every read fails the same way.
/// </summary>
/// <param name="pipe">The body.</param>
/// <param name="encoding">grpc-encoding of the peer.</param>
/// <param name="maxMessageSize">In bytes, decompressed.</param>
/// <param name="broken">What a failure of the transport is to the caller.</param>
/// <param name="arrival">Bounds what is here of messages that are not whole; null on the client's side, which chose whom it asks.</param>
internal sealed class MessageReader(PipeReader pipe, string? encoding, int maxMessageSize, Func<IOException, Exception> broken, Arrival? arrival = null)
{
    private RpcException? _failure;

    /// <summary>The next message, or null at the end of the stream.</summary>
    /// <exception cref="RpcException">The bytes are no gRPC message, or too many.</exception>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<T?> ReadAsync<T>(Func<ReadOnlySequence<byte>, T> parse, CancellationToken cancellationToken)
        where T : class
    {
        bool isWhole = false;
        try
        {
            arrival?.Await();
            while (_failure is null)
            {
                ReadResult result;
                try
                {
                    result = await (arrival?.ReadAsync(pipe, cancellationToken) ?? pipe.ReadAsync(cancellationToken));
                }
                catch (RpcException late)
                {
                    _failure = late;
                    break;
                }
                catch (IOException error)
                {
                    throw broken(error);
                }

                ReadOnlySequence<byte> buffer = result.Buffer;
                SequencePosition consumed = buffer.Start;
                SequencePosition examined = buffer.End;
                try
                {
                    if (TryFrame(buffer, out bool compressed, out ReadOnlySequence<byte> body))
                    {
                        consumed = examined = body.End;
                        isWhole = true;
                        return parse(compressed ? Gzip.Decompress(body, maxMessageSize) : body);
                    }

                    if (result.IsCompleted)
                    {
                        return buffer.IsEmpty ? null : throw Internal($"the stream ended inside a message, after {buffer.Length} bytes of it");
                    }

                    if (result.IsCanceled)
                    {
                        throw new OperationCanceledException("The read was cancelled.");
                    }

                    if (!buffer.IsEmpty)
                    {
                        arrival?.Grow(buffer.Length);
                    }
                }
                catch (RpcException malformed)
                {
                    _failure = malformed;
                }
                catch (InvalidProtocolBufferException malformed)
                {
                    _failure = new RpcException(StatusCode.Internal, $"the message is no {typeof(T).Name}: {malformed.Message}", inner: malformed);
                }
                finally
                {
                    pipe.AdvanceTo(consumed, examined);
                }
            }

            throw new RpcException(_failure.Status, inner: _failure);
        }
        finally
        {
            arrival?.End(isWhole);
        }
    }

    /// <summary>All messages; a second enumeration goes on where the first was left.</summary>
    public async IAsyncEnumerable<T> ReadAllAsync<T>(
        Func<ReadOnlySequence<byte>, T> parse, [EnumeratorCancellation] CancellationToken cancellationToken)
        where T : class
    {
        while (await ReadAsync(parse, cancellationToken) is { } message)
        {
            yield return message;
        }
    }

    private bool TryFrame(in ReadOnlySequence<byte> buffer, out bool compressed, out ReadOnlySequence<byte> body)
    {
        (compressed, body) = (false, default);
        if (!MessageFrame.TryReadPrefix(buffer, out byte flag, out uint length))
        {
            return false;
        }

        compressed = flag switch
        {
            0 => false,
            1 when encoding == Gzip.Name => true,
            1 => throw Internal("a message is marked as compressed but the call names no grpc-encoding"),
            _ => throw Internal($"a message has the unknown flag {flag}"),
        };
        if (length > (uint)maxMessageSize)
        {
            throw new RpcException(StatusCode.ResourceExhausted, $"a message of {length} bytes is over the limit of {maxMessageSize}");
        }

        if (buffer.Length < MessageFrame.PrefixLength + length)
        {
            return false;
        }

        body = buffer.Slice(MessageFrame.PrefixLength, length);
        return true;
    }

    private static RpcException Internal(string detail) => new(StatusCode.Internal, detail);
}
