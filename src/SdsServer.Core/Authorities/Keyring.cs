using System.Collections.Concurrent;
using System.Security.Cryptography;
using SdsServer.Core.Pki;
using SdsServer.Core.Rotation;

namespace SdsServer.Core.Authorities;

/// <summary>The built-in authorities with their keys, each read and decrypted once, when it is first needed. Safe for concurrent use.</summary>
public sealed class Keyring(ITrustStore store, string trustDomain) : IDisposable
{
    private readonly ConcurrentDictionary<string, Task<SigningAuthority>> _authorities = new();

    /// <summary>The authority, ready to sign.</summary>
    /// <exception cref="KeyNotFoundException">The store has no key for it.</exception>
    /// <exception cref="CryptographicException">The key cannot be decrypted.</exception>
    /// <exception cref="FormatException">Key and certificate do not belong together.</exception>
    public async Task<SigningAuthority> OpenAsync(Authority authority, CancellationToken cancellation)
    {
        Task<SigningAuthority> opening = _authorities.GetOrAdd(authority.Id, _ => LoadAsync(authority));
        try
        {
            return await opening.WaitAsync(cancellation);
        }
        catch when (opening.IsFaulted)
        {
            // A store that failed once may answer the next time.
            _authorities.TryRemove(KeyValuePair.Create(authority.Id, opening));
            throw;
        }
    }

    /// <summary>Lets go of an authority that was removed.</summary>
    public void Forget(string authorityId)
    {
        if (_authorities.TryRemove(authorityId, out Task<SigningAuthority>? opened) && opened.IsCompletedSuccessfully)
        {
            opened.GetAwaiter().GetResult().Dispose();
        }
    }

    public void Dispose()
    {
        foreach (string id in _authorities.Keys.ToList())
        {
            Forget(id);
        }
    }

    private async Task<SigningAuthority> LoadAsync(Authority authority)
    {
        byte[] pkcs8 = await store.ReadKeyAsync(trustDomain, authority.Id, CancellationToken.None);
        try
        {
            return SigningAuthority.Load(PrivateKey.FromPkcs8(pkcs8), [.. authority.Chain.Select(der => Certificate.Parse(der.AsSpan()))]);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(pkcs8);
        }
    }
}
