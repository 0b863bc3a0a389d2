namespace SdsServer.Identity.Jwt;

/// <summary>
/// The keys of one issuer, read in the background. A token with an unknown key makes them be read at once, but not more often than the
/// settings allow: whoever invents key ids must not make this server flood the issuer. When they cannot be read the last good ones count on.
/// </summary>
/// <param name="readAsync">Gives the key set's text; throws <see cref="IOException"/> or <see cref="UnauthorizedAccessException"/>.</param>
internal sealed class IssuerKeys(JwtIssuer issuer, Func<CancellationToken, Task<string>> readAsync, TimeProvider time, ILogger logger)
{
    private static readonly TimeSpan LongestRetry = TimeSpan.FromSeconds(30);

    private readonly Lock _lock = new();
    private (JsonWebKeySet Keys, long At)? _good;
    private Task? _reading;
    private long? _askedAt;
    private bool _failing;

    /// <summary>Reads the keys now.</summary>
    /// <exception cref="InvalidDataException">They cannot be read, or used.</exception>
    public async Task RequireAsync(CancellationToken cancellation)
    {
        if (await TryReadAsync(cancellation) is { } fault)
        {
            throw new InvalidDataException($"SdsServer:JwtIssuers: the keys of '{issuer.Issuer}' in '{issuer.KeysFile}' cannot be read: {fault}");
        }
    }

    /// <summary>The keys, in which this id is if the issuer has it.</summary>
    /// <param name="keyId">Null: any.</param>
    /// <exception cref="JwtRefusedException">There are none that may be believed.</exception>
    public async ValueTask<JsonWebKeySet> WithAsync(string? keyId, CancellationToken cancellation)
    {
        if (Current() is { } known && known.Knows(keyId))
        {
            return known;
        }

        await RefreshAsync(atMostEvery: issuer.UnknownKeyInterval).WaitAsync(cancellation);
        return Current() ?? throw new JwtRefusedException(
            JwtRefusal.NoKeys, $"there are no keys of '{issuer.Issuer}' that were read within {issuer.MaxKeyAge} (MaxKeyAge)");
    }

    /// <summary>Reads them again and again until it is stopped.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            await RefreshAsync(atMostEvery: TimeSpan.Zero).WaitAsync(stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            TimeSpan wait = Failing && LongestRetry < issuer.KeysRefresh ? LongestRetry : issuer.KeysRefresh;
            await Task.Delay(wait, time, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private bool Failing
    {
        get
        {
            lock (_lock)
            {
                return _failing;
            }
        }
    }

    private JsonWebKeySet? Current()
    {
        lock (_lock)
        {
            return _good is var (keys, at) && time.GetElapsedTime(at) < issuer.MaxKeyAge ? keys : null;
        }
    }

    // One reading at a time, which all wait for that want one.
    private Task RefreshAsync(TimeSpan atMostEvery)
    {
        lock (_lock)
        {
            if (_reading is { IsCompleted: false } || (_askedAt is { } asked && time.GetElapsedTime(asked) < atMostEvery))
            {
                return _reading ?? Task.CompletedTask;
            }

            _askedAt = time.GetTimestamp();
            return _reading = Task.Run(() => TryReadAsync(CancellationToken.None));
        }
    }

    /// <summary>Null, or why it failed.</summary>
    private async Task<string?> TryReadAsync(CancellationToken cancellation)
    {
        // Of the time of asking: what the issuer took back meanwhile must not live longer.
        long at = time.GetTimestamp();
        try
        {
            JsonWebKeySet keys = JsonWebKeySet.Parse(await readAsync(cancellation));
            bool changed;
            lock (_lock)
            {
                changed = _failing || _good is null;
                (_good, _failing) = ((keys, at), false);
            }

            if (changed)
            {
                JwtLog.KeysRead(logger, issuer.Issuer, keys.Count, Shown.Text(string.Join("; ", keys.Unfit.Select(key => $"'{key.Key}' cannot be used: {key.Value}"))));
            }

            return null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or FormatException)
        {
            bool first;
            lock (_lock)
            {
                (first, _failing) = (!_failing, true);
            }

            string fault = Shown.Text(error.Message);
            if (first)
            {
                JwtLog.KeysUnreadable(logger, issuer.Issuer, issuer.MaxKeyAge, fault);
            }

            return fault;
        }
    }
}
