using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using SdsServer.Grpc;
using SdsServer.Identity.Jwt;
using SdsServer.Limits;

namespace SdsServer.Identity.Reviews;

/// <summary>
/// Has tokens judged by the API server, each by one question at a time, and remembers good answers for a short while. Tokens that streams stand on are judged
/// again in the background. What is no token of the issuer for this server by its own words is never sent, and of what is sent there is a limit: whoever invents
/// tokens must not make this server flood the API server. Safe for concurrent use.
/// </summary>
/// <param name="reviewAsync">Gives a token's <c>status</c>; throws <see cref="IOException"/> when it cannot be had.</param>
internal sealed class TokenReviewer(
    JwtIssuer issuer, TokenReviewSettings settings, Func<string, CancellationToken, Task<JsonElement>> reviewAsync, TimeProvider time, ILogger logger) : IDisposable
{
    private const int RefusedBurst = 100;
    private const int MostWaiting = 1_000;
    private static readonly TimeSpan s_turn = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_retry = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan s_longestWait = TimeSpan.FromSeconds(10);

    private readonly Lock _lock = new();
    private readonly Dictionary<string, ReviewedToken> _known = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Task<ReviewedToken>> _underWay = new(StringComparer.Ordinal);
    private readonly HashSet<ReviewedToken> _held = [];
    private readonly SemaphoreSlim _places = new(settings.AtOnce);
    private readonly RequestRate _rate = new(settings.PerSecond, settings.PerSecond * 2, time);
    private readonly AddressRates _refused = new(settings.RefusedPerSecondPerAddress, RefusedBurst, time);
    private readonly RefusalCount _tooMany = new(time);
    private bool _failing;

    /// <summary>Tokens that are remembered.</summary>
    public int Known
    {
        get
        {
            lock (_lock)
            {
                return _known.Count;
            }
        }
    }

    /// <summary>The token, if the API server accepts it, or did a short while ago.</summary>
    /// <param name="address">Who shows it, see <see cref="CallerAddress"/>.</param>
    /// <exception cref="JwtRefusedException">It is refused.</exception>
    /// <exception cref="RpcException">UNAVAILABLE: the API server cannot be asked. RESOURCE_EXHAUSTED: too many come at once.</exception>
    public async ValueTask<ReviewedToken> AuthenticateAsync(string text, CompactJws token, string address, CancellationToken cancellation)
    {
        DateTimeOffset now = time.GetUtcNow();
        DateTimeOffset expires = JwtVerifier.CheckUnverified(token, issuer, now);
        string hash = Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
        Task<ReviewedToken>? review;
        lock (_lock)
        {
            if (_known.TryGetValue(hash, out ReviewedToken? known) && Counts(known, now))
            {
                return known;
            }

            if (!_underWay.TryGetValue(hash, out review))
            {
                RequirePlace(address);
                review = _underWay[hash] = Task.Run(() => ReviewAsync(hash, text, token, expires, address), CancellationToken.None);
            }
        }

        return await review.WaitAsync(cancellation);
    }

    /// <summary>A stream stands on it from now on, until the result is disposed of.</summary>
    public IDisposable Hold(ReviewedToken token)
    {
        lock (_lock)
        {
            token.Holders++;
            _held.Add(token);
        }

        return new Holding(this, token);
    }

    /// <summary>Judges again what streams stand on, until it is stopped.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            await Task.Delay(s_turn, time, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await JudgeAgainAsync(stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    public void Dispose() => _places.Dispose();

    private void RequirePlace(string address)
    {
        string? reason = _underWay.Count >= MostWaiting ? $"{MostWaiting} wait already"
            : !_refused.TryTake(address) ? $"too many from there were refused, or are under way (Review:{nameof(settings.RefusedPerSecondPerAddress)})"
            : null;
        if (reason is null && !_rate.TryTake())
        {
            _refused.GiveBack(address);
            reason = $"there are more than {settings.PerSecond} in a second (Review:{nameof(settings.PerSecond)})";
        }

        if (reason is null)
        {
            return;
        }

        if (_tooMany.Add() is { } unlogged)
        {
            ReviewLog.TooMany(logger, address, reason, unlogged);
        }

        throw new RpcException(StatusCode.ResourceExhausted, "too many tokens come at once to be judged; try again in a few seconds");
    }

    private async Task<ReviewedToken> ReviewAsync(string hash, string text, CompactJws token, DateTimeOffset expires, string address)
    {
        try
        {
            (JsonElement status, long askedAt) = await AskAsync(text);
            JsonElement claims = ReviewedUser.ClaimsOf(status, token, issuer);
            lock (_lock)
            {
                _refused.GiveBack(address);
                return Remember(hash, text, claims, expires, askedAt);
            }
        }
        catch (IOException)
        {
            lock (_lock)
            {
                _refused.GiveBack(address);
            }

            throw new RpcException(
                StatusCode.Unavailable, "the Kubernetes API server that judges your token cannot be asked now; try again in a few seconds. The server's log says why (event 6004)");
        }
        finally
        {
            lock (_lock)
            {
                _underWay.Remove(hash);
            }
        }
    }

    private async Task<(JsonElement Status, long AskedAt)> AskAsync(string text)
    {
        if (!await TryWaitAsync())
        {
            throw Failed(new IOException($"for {s_longestWait.TotalSeconds:0} s there was none of {settings.AtOnce} places (Review:{nameof(settings.AtOnce)}); is the API server slow?"));
        }

        try
        {
            // Of the time of asking: what is taken back meanwhile must not live longer.
            long askedAt = time.GetTimestamp();
            return (await AskedAsync(text, CancellationToken.None), askedAt);
        }
        finally
        {
            _places.Release();
        }
    }

    private async Task<bool> TryWaitAsync()
    {
        using CancellationTokenSource limit = new(s_longestWait, time);
        try
        {
            await _places.WaitAsync(limit.Token);
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    /// <exception cref="IOException">It cannot be had, which is logged.</exception>
    private async Task<JsonElement> AskedAsync(string text, CancellationToken cancellation)
    {
        try
        {
            JsonElement status = await reviewAsync(text, cancellation);
            if (Failing(false))
            {
                ReviewLog.Works(logger, issuer.Issuer);
            }

            return status;
        }
        catch (IOException error)
        {
            Failed(error);
            throw;
        }
    }

    private IOException Failed(IOException error)
    {
        if (!Failing(true))
        {
            ReviewLog.Fails(logger, issuer.Issuer, Shown.Text(error.Message), settings.MaxAge, settings.OutageGrace);
        }

        return error;
    }

    private bool Failing(bool now)
    {
        lock (_lock)
        {
            (bool before, _failing) = (_failing, now);
            return before;
        }
    }

    private ReviewedToken Remember(string hash, string text, JsonElement claims, DateTimeOffset expires, long askedAt)
    {
        if (_known.TryGetValue(hash, out ReviewedToken? known) && !known.Withdrawn.IsCancellationRequested && known.Claims.GetRawText() == claims.GetRawText())
        {
            known.AskedAt = Math.Max(known.AskedAt, askedAt);
            return known;
        }

        return _known[hash] = new ReviewedToken(text, claims, expires, askedAt);
    }

    private bool Counts(ReviewedToken token, DateTimeOffset now) =>
        !token.Withdrawn.IsCancellationRequested && now < token.Expires && time.GetElapsedTime(token.AskedAt) < settings.MaxAge;

    private async Task JudgeAgainAsync(CancellationToken stop)
    {
        List<ReviewedToken> due;
        lock (_lock)
        {
            DateTimeOffset now = time.GetUtcNow();
            foreach (string old in _known.Where(entry => entry.Value.Holders == 0 && !Counts(entry.Value, now)).Select(entry => entry.Key).ToList())
            {
                _known.Remove(old);
            }

            due = OlderThan(settings.MaxAge).FindAll(token => token.TriedAt == token.AskedAt || time.GetElapsedTime(token.TriedAt) >= s_retry);
        }

        bool failed = false;
        await Parallel.ForEachAsync(due, new ParallelOptions { MaxDegreeOfParallelism = settings.AtOnce, CancellationToken = stop }, async (token, cancellation) =>
        {
            // The others would wait in vain, too.
            if (!Volatile.Read(ref failed) && !await TryJudgeAgainAsync(token, cancellation))
            {
                Volatile.Write(ref failed, true);
            }
        });

        List<ReviewedToken> late;
        lock (_lock)
        {
            late = OlderThan(settings.MaxAge + settings.OutageGrace);
        }

        late.ForEach(token => Withdraw(token, $"it could not be judged for {settings.MaxAge + settings.OutageGrace}"));
    }

    // After its own end a token keeps its streams for the skew alone, and nobody needs to be asked.
    private List<ReviewedToken> OlderThan(TimeSpan age)
    {
        DateTimeOffset now = time.GetUtcNow();
        return [.. _held.Where(token => !token.Withdrawn.IsCancellationRequested && now < token.Expires && time.GetElapsedTime(token.AskedAt) >= age)];
    }

    /// <summary>False when the API server cannot be asked.</summary>
    private async Task<bool> TryJudgeAgainAsync(ReviewedToken token, CancellationToken cancellation)
    {
        long askedAt = time.GetTimestamp();
        try
        {
            lock (_lock)
            {
                token.TriedAt = askedAt;
            }

            JsonElement claims = ReviewedUser.ClaimsOf(await AskedAsync(token.Text, cancellation), CompactJws.Parse(token.Text), issuer);
            if (claims.GetRawText() != token.Claims.GetRawText())
            {
                Withdraw(token, "the API server takes it for somebody else now");
                return true;
            }

            lock (_lock)
            {
                token.AskedAt = askedAt;
            }
        }
        catch (JwtRefusedException refused)
        {
            Withdraw(token, refused.Message);
        }
        catch (IOException)
        {
            return false;
        }
        catch (Exception error) when (!cancellation.IsCancellationRequested)
        {
            // An error of ours must not let a token live for ever in silence: as if nobody could be asked, the grace runs.
            Failed(new IOException(error.Message, error));
            return false;
        }

        return true;
    }

    private void Withdraw(ReviewedToken token, string reason)
    {
        if (!token.Withdrawn.IsCancellationRequested)
        {
            ReviewLog.Withdrawn(logger, Shown.Text(StrictJson.Text(token.Claims, "sub") ?? ""), Shown.Text(reason));
            token.Dispose();
        }
    }

    private void Release(ReviewedToken token)
    {
        lock (_lock)
        {
            if (--token.Holders == 0)
            {
                _held.Remove(token);
            }
        }
    }

    private sealed class Holding(TokenReviewer reviewer, ReviewedToken token) : IDisposable
    {
        private int _ended;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _ended, 1) == 0)
            {
                reviewer.Release(token);
            }
        }
    }
}
