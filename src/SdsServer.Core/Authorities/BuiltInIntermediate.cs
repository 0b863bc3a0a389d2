using System.Collections.Immutable;
using System.Security.Cryptography;
using SdsServer.Core.Pki;
using SdsServer.Core.Rotation;

namespace SdsServer.Core.Authorities;

/// <summary>Makes intermediates below a built-in root and puts their keys into the store before anybody can know of them.</summary>
public sealed class BuiltInIntermediate(ITrustStore store, Keyring keyring)
{
    /// <summary>The authority that can sign an intermediate below this one's root: the root's own; null where its key is not here, or tainted.</summary>
    public static Authority? IssuerBeside(TrustState state, Authority authority) =>
        state.Authorities.FirstOrDefault(known => known.RootId == authority.RootId && known is { Chain.Length: 1, Tainted: false });

    /// <summary>A new intermediate whose key is stored already; it signs leaves only, and ends with its root at the latest.</summary>
    /// <param name="id">Its id, which must be free.</param>
    /// <param name="issuer">The root's own authority.</param>
    /// <param name="term">The leader term.</param>
    /// <exception cref="IssuanceException">The root may not sign authorities, or has expired.</exception>
    /// <exception cref="KeyNotFoundException">The store has no key for the root.</exception>
    /// <exception cref="CryptographicException">The root's key cannot be decrypted.</exception>
    public async Task<Authority> CreateAsync(
        string id, Authority issuer, AuthorityProfile profile, string createdBy, long term, DateTimeOffset now, CancellationToken cancellation)
    {
        SigningAuthority root = await keyring.OpenAsync(issuer, cancellation);
        using SigningAuthority made = root.CreateIntermediate(profile with { PathLength = 0 }, now);
        byte[] pkcs8 = GC.AllocateUninitializedArray<byte>(made.Key.Pkcs8Length, pinned: true);
        try
        {
            made.Key.WritePkcs8(pkcs8);
            await store.AddKeyAsync(profile.TrustDomain.Name, term, id, pkcs8, cancellation);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(pkcs8);
        }

        return new Authority
        {
            Id = id,
            Provider = AuthorityProvider.BuiltIn,
            Chain = [.. made.Chain.Select(certificate => ImmutableArray.Create(certificate.Der.Span))],
            RootId = issuer.RootId,
            CreatedAt = now,
            CreatedBy = createdBy,
        };
    }
}
