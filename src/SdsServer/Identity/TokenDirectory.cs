using System.Collections.Frozen;
using System.Security.Cryptography;
using SdsServer.Core.Access;
using SdsServer.Core.Rotation;

namespace SdsServer.Identity;

/// <summary>The tokens that are accepted now, in memory; read again when one is made or deleted.</summary>
public sealed class TokenDirectory(ITrustStore store, string trustDomain, TimeProvider time) : IDisposable
{
    private readonly SemaphoreSlim _reading = new(1);
    private volatile FrozenDictionary<string, AcceptedToken> _tokens = FrozenDictionary<string, AcceptedToken>.Empty;

    /// <summary>Reads all tokens from the store. One at a time: an older reading must not bring back what a newer one found deleted.</summary>
    public async Task ReloadAsync(CancellationToken cancellation)
    {
        await _reading.WaitAsync(cancellation);
        try
        {
            FrozenDictionary<string, AcceptedToken> known = _tokens;
            IReadOnlyList<AccessToken> stored = await store.ReadTokensAsync(trustDomain, cancellation);
            _tokens = stored.ToFrozenDictionary(token => token.Id, token => known.GetValueOrDefault(token.Id) ?? new AcceptedToken(token));
            foreach (AcceptedToken deleted in known.Values.Where(token => !_tokens.ContainsKey(token.Token.Id)))
            {
                deleted.Dispose();
            }
        }
        finally
        {
            _reading.Release();
        }
    }

    /// <summary>The token with this text if it is valid now; null otherwise, whatever is wrong with it.</summary>
    public AcceptedToken? Verify(ReadOnlySpan<char> text)
    {
        Span<byte> secret = stackalloc byte[TokenText.SecretLength];
        try
        {
            return TokenText.TryParse(text, out string? id, secret)
                && _tokens.TryGetValue(id, out AcceptedToken? accepted)
                && TokenText.Matches(secret, accepted.Token.Hash.AsSpan())
                && time.GetUtcNow() < accepted.Token.NotAfter
                    ? accepted
                    : null;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(secret);
        }
    }

    public void Dispose() => _reading.Dispose();
}
