namespace SdsServer.Identity.Jwt;

/// <summary>Logs refusals, of each kind one in ten seconds: anybody can send bad tokens.</summary>
internal sealed class RefusalLog(TimeProvider time, ILogger logger)
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);

    private readonly Lock _lock = new();
    private readonly Dictionary<JwtRefusal, (long At, long Unlogged)> _kinds = [];

    public void Add(string peer, JwtRefusedException refused)
    {
        long unlogged = 0;
        lock (_lock)
        {
            if (_kinds.TryGetValue(refused.Refusal, out (long At, long Unlogged) last))
            {
                if (time.GetElapsedTime(last.At) < Interval)
                {
                    _kinds[refused.Refusal] = last with { Unlogged = last.Unlogged + 1 };
                    return;
                }

                unlogged = last.Unlogged;
            }

            _kinds[refused.Refusal] = (time.GetTimestamp(), 0);
        }

        JwtLog.Refused(logger, peer, refused.Refusal, Shown.Text(refused.Message), unlogged);
    }
}
