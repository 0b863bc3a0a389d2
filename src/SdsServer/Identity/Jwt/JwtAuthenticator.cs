using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Text;
using SdsServer.Identity.Reviews;

namespace SdsServer.Identity.Jwt;

/// <summary>Evidence by a JWT. A token goes to the issuer that it states, and to no other; there keys judge it, or the API server.</summary>
internal sealed class JwtAuthenticator : IDisposable
{
    private readonly FrozenDictionary<string, (JwtIssuer Issuer, IssuerKeys Keys)> _issuers;
    private readonly FrozenDictionary<string, (JwtIssuer Issuer, TokenReviewer Reviewer, TokenReviewClient Client)> _reviewed;
    private readonly TimeProvider _time;
    private readonly RefusalLog<JwtRefusal> _refusals;

    public JwtAuthenticator(ImmutableArray<JwtIssuer> issuers, TimeProvider time, ILogger logger)
    {
        (_time, _refusals) = (time, new(time, (peer, refusal, reason, unlogged) => JwtLog.Refused(logger, peer, refusal, reason, unlogged)));
        _issuers = issuers.Where(issuer => issuer.Review is null)
            .ToFrozenDictionary(issuer => issuer.Issuer, issuer => (issuer, new IssuerKeys(issuer, Reading(issuer, time), time, logger)), StringComparer.Ordinal);
        _reviewed = issuers.Where(issuer => issuer.Review is not null).ToFrozenDictionary(issuer => issuer.Issuer, issuer => Reviewed(issuer, time, logger), StringComparer.Ordinal);
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

    /// <summary>Keeps the keys fresh, and has tokens judged again that streams stand on, until it is stopped.</summary>
    public Task RunAsync(CancellationToken stop) =>
        Task.WhenAll([.. _issuers.Values.Select(entry => entry.Keys.RunAsync(stop)), .. _reviewed.Values.Select(entry => entry.Reviewer.RunAsync(stop))]);

    /// <summary>What it proves; null when the token is refused, which is logged.</summary>
    /// <param name="peer">Who shows it, for the log.</param>
    /// <param name="address">The same for limits, see <see cref="Limits.CallerAddress"/>.</param>
    /// <exception cref="Grpc.RpcException">UNAVAILABLE or RESOURCE_EXHAUSTED: whoever judges it cannot be asked now.</exception>
    public async ValueTask<Evidence?> AuthenticateAsync(string text, string peer, string address, CancellationToken cancellation)
    {
        try
        {
            CompactJws token = CompactJws.Parse(text);
            string stated = StrictJson.Text(token.Payload, "iss") ?? "";
            if (_issuers.TryGetValue(stated, out (JwtIssuer Issuer, IssuerKeys Keys) entry))
            {
                return EvidenceOf(entry.Issuer, JwtVerifier.Verify(token, entry.Issuer, await entry.Keys.WithAsync(token.KeyId, cancellation), _time.GetUtcNow()));
            }

            if (_reviewed.TryGetValue(stated, out (JwtIssuer Issuer, TokenReviewer Reviewer, TokenReviewClient Client) judged))
            {
                ReviewedToken reviewed = await judged.Reviewer.AuthenticateAsync(text, token, address, cancellation);
                return EvidenceOf(judged.Issuer, new VerifiedJwt(reviewed.Claims, reviewed.Expires)) with { Withdrawn = reviewed.Withdrawn, Hold = () => judged.Reviewer.Hold(reviewed) };
            }

            throw new JwtRefusedException(JwtRefusal.UnknownIssuer, $"its issuer '{stated}' is not in SdsServer:JwtIssuers");
        }
        catch (JwtRefusedException refused)
        {
            _refusals.Add(peer, refused.Refusal, refused.Message);
            return null;
        }
    }

    public void Dispose()
    {
        foreach ((JwtIssuer _, TokenReviewer reviewer, TokenReviewClient client) in _reviewed.Values)
        {
            reviewer.Dispose();
            client.Dispose();
        }
    }

    private static Evidence EvidenceOf(JwtIssuer issuer, VerifiedJwt token) => new(issuer.SelectorsOf(token))
    {
        Workload = issuer.Identify(token),
        ValidUntil = token.ExpiresAt + issuer.StreamGrace,
    };

    private static (JwtIssuer Issuer, TokenReviewer Reviewer, TokenReviewClient Client) Reviewed(JwtIssuer issuer, TimeProvider time, ILogger logger)
    {
        TokenReviewClient client = new(issuer, issuer.Review!, time);
        return (issuer, new TokenReviewer(issuer, issuer.Review!, client.ReviewAsync, time, logger), client);
    }

    private static Func<CancellationToken, Task<string>> Reading(JwtIssuer issuer, TimeProvider time) =>
        issuer.KeysFile is { } file ? _ => Task.FromResult(Encoding.UTF8.GetString(TrustedFile.Read(file))) : new JwksEndpoint(issuer, time).ReadAsync;
}
