using System.Collections.Frozen;
using System.Collections.Immutable;

namespace SdsServer.Identity.Jwt;

/// <summary>Evidence by a JWT. A token goes to the issuer that it states, and to no other.</summary>
internal sealed class JwtAuthenticator
{
    private readonly FrozenDictionary<string, (JwtIssuer Issuer, IssuerKeys Keys)> _issuers;
    private readonly TimeProvider _time;
    private readonly RefusalLog<JwtRefusal> _refusals;

    public JwtAuthenticator(ImmutableArray<JwtIssuer> issuers, TimeProvider time, ILogger logger)
    {
        (_time, _refusals) = (time, new(time, (peer, refusal, reason, unlogged) => JwtLog.Refused(logger, peer, refusal, reason, unlogged)));
        _issuers = issuers.ToFrozenDictionary(issuer => issuer.Issuer, issuer => (issuer, new IssuerKeys(issuer, Reading(issuer, time), time, logger)), StringComparer.Ordinal);
    }

    /// <summary>Reads the key files. Keys from the web come when they come.</summary>
    /// <exception cref="InvalidDataException">A file cannot be read, or holds no keys.</exception>
    public async Task StartAsync(CancellationToken cancellation)
    {
        foreach ((JwtIssuer _, IssuerKeys keys) in _issuers.Values.Where(entry => entry.Issuer.KeysFile is not null))
        {
            await keys.RequireAsync(cancellation);
        }
    }

    /// <summary>Keeps the keys fresh until it is stopped.</summary>
    public Task RunAsync(CancellationToken stop) => Task.WhenAll(_issuers.Values.Select(entry => entry.Keys.RunAsync(stop)));

    /// <summary>What it proves; null when the token is refused, which is logged.</summary>
    public async ValueTask<Evidence?> AuthenticateAsync(string text, string peer, CancellationToken cancellation)
    {
        try
        {
            CompactJws token = CompactJws.Parse(text);
            string? stated = StrictJson.Text(token.Payload, "iss");
            if (stated is null || !_issuers.TryGetValue(stated, out (JwtIssuer Issuer, IssuerKeys Keys) entry))
            {
                throw new JwtRefusedException(JwtRefusal.UnknownIssuer, $"its issuer '{stated}' is not in SdsServer:JwtIssuers");
            }

            VerifiedJwt verified = JwtVerifier.Verify(token, entry.Issuer, await entry.Keys.WithAsync(token.KeyId, cancellation), _time.GetUtcNow());
            return new Evidence(entry.Issuer.SelectorsOf(verified))
            {
                Workload = entry.Issuer.Identify(verified),
                ValidUntil = verified.ExpiresAt + entry.Issuer.StreamGrace,
            };
        }
        catch (JwtRefusedException refused)
        {
            _refusals.Add(peer, refused.Refusal, refused.Message);
            return null;
        }
    }

    private static Func<CancellationToken, Task<string>> Reading(JwtIssuer issuer, TimeProvider time) =>
        issuer.KeysFile is { } file ? cancellation => File.ReadAllTextAsync(file, cancellation) : new JwksEndpoint(issuer, time).ReadAsync;
}
