using System.Collections.Immutable;
using System.Security.Cryptography;
using SdsServer.Core.Pki;
using SdsServer.Core.Rotation;

namespace SdsServer.Core.Authorities;

/// <summary>Makes self-signed roots and puts their keys into the store before anybody can know of them.</summary>
public sealed class BuiltInRoot(ITrustStore store)
{
    /// <summary>A new root whose key is stored already; it is in no bundle yet.</summary>
    /// <param name="id">Its id, which must be free.</param>
    /// <param name="term">The leader term.</param>
    public async Task<(Authority Authority, TrustRoot Root)> CreateAsync(
        string id, AuthorityProfile profile, string createdBy, long term, DateTimeOffset now, CancellationToken cancellation)
    {
        using SigningAuthority made = SigningAuthority.CreateRoot(profile, now);
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

        ImmutableArray<byte> der = [.. made.Root.Der.Span];
        string rootId = RootId.Of(made.Root);
        return (
            new Authority { Id = id, Provider = AuthorityProvider.BuiltIn, Chain = [der], RootId = rootId, CreatedAt = now, CreatedBy = createdBy },
            new TrustRoot { Id = rootId, Certificate = der });
    }
}
