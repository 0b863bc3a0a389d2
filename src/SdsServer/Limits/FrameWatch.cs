using System.IO.Pipelines;
using Microsoft.AspNetCore.Connections;

namespace SdsServer.Limits;

/// <summary>
/// What a connection sends, on its way to Kestrel: beyond its <see cref="FrameBudget"/> nothing more is read. Before Kestrel, because there
/// each stream costs its setting up, also where it is reset in the same packet.
/// </summary>
internal sealed class FrameWatch(IDuplexPipe transport, FrameBudget budget, Action<string> exceeded) : PipeReader, IDuplexPipe
{
    private readonly PipeReader _input = transport.Input;
    private ReadResult _last;
    private long _seen;

    public PipeReader Input => this;

    public PipeWriter Output => transport.Output;

    public override async ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default) => Watched(await _input.ReadAsync(cancellationToken));

    public override bool TryRead(out ReadResult result)
    {
        bool read = _input.TryRead(out result);
        if (read)
        {
            Watched(result);
        }

        return read;
    }

    public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
        _seen -= _last.Buffer.Slice(0, consumed).Length;
        _last = default;
        _input.AdvanceTo(consumed, examined);
    }

    public override void CancelPendingRead() => _input.CancelPendingRead();

    public override void Complete(Exception? exception = null) => _input.Complete(exception);

    private ReadResult Watched(ReadResult result)
    {
        string? excess = budget.See(result.Buffer.Slice(_seen));
        _seen = result.Buffer.Length;
        _last = result;
        if (excess is not null)
        {
            exceeded(excess);
            throw new ConnectionAbortedException($"it {excess}");
        }

        return result;
    }
}
