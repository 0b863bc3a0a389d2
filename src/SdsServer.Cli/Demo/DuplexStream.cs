using System.IO.Pipelines;

namespace SdsServer.Cli.Demo;

/// <summary>One end of a connection that never leaves the process.</summary>
internal sealed class DuplexStream : Stream
{
    private readonly Stream _incoming;
    private readonly Stream _outgoing;

    private DuplexStream(PipeReader incoming, PipeWriter outgoing) => (_incoming, _outgoing) = (incoming.AsStream(), outgoing.AsStream());

    public override bool CanRead => true;

    public override bool CanWrite => true;

    public override bool CanSeek => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>Both ends; disposing one ends what the other reads.</summary>
    public static (DuplexStream Client, DuplexStream Server) Pair()
    {
        Pipe toServer = new();
        Pipe toClient = new();
        return (new(toClient.Reader, toServer.Writer), new(toServer.Reader, toClient.Writer));
    }

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => _incoming.ReadAsync(buffer, cancellationToken);

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        _incoming.ReadAsync(buffer, offset, count, cancellationToken);

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => _outgoing.WriteAsync(buffer, cancellationToken);

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        _outgoing.WriteAsync(buffer, offset, count, cancellationToken);

    public override Task FlushAsync(CancellationToken cancellationToken) => _outgoing.FlushAsync(cancellationToken);

    public override void Flush() => _outgoing.Flush();

    public override int Read(byte[] buffer, int offset, int count) => _incoming.Read(buffer, offset, count);

    public override void Write(byte[] buffer, int offset, int count) => _outgoing.Write(buffer, offset, count);

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        _outgoing.Dispose();
        _incoming.Dispose();
        base.Dispose(disposing);
    }
}
