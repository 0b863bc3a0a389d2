using System.Collections.Frozen;
using SdsServer.Core.Access;
using SdsServer.Core.Rotation;

namespace SdsServer.Identity;

/// <summary>The tokens that are accepted now, in memory; read again when one is made or deleted.</summary>
public sealed class TokenDirectory(ITrustStore store, string trustDomain, TimeProvider time)
{
    private volatile FrozenDictionary<string, AccessToken> _tokens = FrozenDictionary<string, AccessToken>.Empty;

    /// <summary>Reads all tokens from the store.</summary>
    public async Task ReloadAsync(CancellationToken cancellation) =>
        _tokens = (await store.ReadTokensAsync(trustDomain, cancellation)).ToFrozenDictionary(token => token.Id);

    /// <summary>The token with this text if it is valid now; null otherwise, whatever is wrong with it.</summary>
    public AccessToken? Verify(string text) =>
        TokenText.TryParse(text, out string? id, out byte[]? secret)
        && _tokens.TryGetValue(id, out AccessToken? token)
        && TokenText.Matches(secret, token.Hash.AsSpan())
        && time.GetUtcNow() < token.NotAfter
            ? token
            : null;
}
