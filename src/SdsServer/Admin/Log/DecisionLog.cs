using SdsServer.Admin.Requests;
using SdsServer.Core.Audit;
using SdsServer.Core.Rotation;

namespace SdsServer.Admin.Log;

/// <summary>
/// The durable log, read forward once and from then on only where it has grown, so that rotations find their lines and lists their end.
/// Safe for concurrent use.
/// </summary>
internal sealed class DecisionLog(ITrustStore store, string trustDomain, ILogger logger) : IDisposable
{
    private const int Batch = 1000;

    private readonly SemaphoreSlim _reading = new(1);
    private readonly List<(string Id, RotationHistory History)> _rotations = [];
    private long _last;

    /// <summary>The number of the newest line; 0 for an empty log.</summary>
    public async Task<long> LastAsync(CancellationToken cancellation)
    {
        await _reading.WaitAsync(cancellation);
        try
        {
            await CatchUpAsync(cancellation);
            return _last;
        }
        finally
        {
            _reading.Release();
        }
    }

    /// <summary>What the log says of a rotation that is under way or remembered; nothing for any other.</summary>
    public async Task<(IReadOnlyList<LoggedDecision> Decisions, IReadOnlyList<LoggedDecision> TurningPoints)> OfRotationAsync(string id, CancellationToken cancellation)
    {
        await _reading.WaitAsync(cancellation);
        try
        {
            await CatchUpAsync(cancellation);
            return _rotations.LastOrDefault(rotation => rotation.Id == id).History?.Copy() ?? ([], []);
        }
        finally
        {
            _reading.Release();
        }
    }

    /// <summary>Lines with numbers greater than <paramref name="after"/>, oldest first.</summary>
    public async Task<IReadOnlyList<LoggedDecision>> ReadAsync(long after, int limit, CancellationToken cancellation)
    {
        await _reading.WaitAsync(cancellation);
        try
        {
            await CatchUpAsync(cancellation);
            return [.. (await LoadAsync(after, limit, cancellation)).Where(line => line.Number <= _last).Select(Logged)];
        }
        finally
        {
            _reading.Release();
        }
    }

    /// <summary>Looks the stored log through; it is not the caller's turn that others wait for.</summary>
    public Task<LogReport> VerifyAsync(LogHead? expected, CancellationToken cancellation) =>
        StoreCalls.RunAsync(() => LogVerification.RunAsync(store, trustDomain, expected, cancellation), logger);

    /// <summary>The stored lines after a number, as they are hashed; oldest first.</summary>
    public Task<IReadOnlyList<LogLine>> ReadLinesAsync(long after, int limit, CancellationToken cancellation) => LoadAsync(after, limit, cancellation);

    public void Dispose() => _reading.Dispose();

    private async Task CatchUpAsync(CancellationToken cancellation)
    {
        IReadOnlyList<LogLine> lines;
        do
        {
            lines = await LoadAsync(_last, Batch, cancellation);
            foreach (LogLine line in lines)
            {
                Follow(Logged(line));
                _last = line.Number;
            }
        }
        while (lines.Count == Batch);
    }

    // What was refused, and what was asked for again, is no part of a rotation's story.
    private void Follow(LoggedDecision line)
    {
        Decision entry = line.Entry;
        if (entry.RotationId.Length == 0 || entry.Outcome != DecisionOutcome.Done)
        {
            return;
        }

        if (entry.Kind == DecisionKind.StartRotation)
        {
            _rotations.Add((entry.RotationId, new RotationHistory()));
            if (_rotations.Count > TrustState.MaxPast + 1)
            {
                _rotations.RemoveAt(0);
            }
        }

        _rotations.LastOrDefault(rotation => rotation.Id == entry.RotationId).History?.Add(line);
    }

    private static LoggedDecision Logged(LogLine line) => new(line.Number, line.Entry, line.Hash);

    private Task<IReadOnlyList<LogLine>> LoadAsync(long after, int limit, CancellationToken cancellation) =>
        StoreCalls.RunAsync(() => store.ReadLogAsync(trustDomain, after, limit, cancellation), logger);
}
