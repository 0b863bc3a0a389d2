using SdsServer.Core.Authorities;
using SdsServer.Core.Pki;
using SdsServer.Core.Rotation;

namespace SdsServer.Core.Issuance;

/// <summary>Makes the server's own serving certificates, each with a key of its own, under the authority that the trust state says.</summary>
public sealed class ServingSigner(Keyring keyring, LeafPolicy policy, ServingNames names, KeyAlgorithm keys)
{
    /// <param name="state">Its <see cref="TrustState.Serving"/> must not be null.</param>
    /// <param name="earliest">The time now or, while the wall clock is in doubt, the earlier of the two it may be.</param>
    /// <param name="now">The time its life counts from.</param>
    /// <param name="cancellation">Ends the wait for a key that is still being opened.</param>
    /// <exception cref="IssuanceException">The authority is at its end, or clients would refuse what it signs.</exception>
    public async Task<ServingLeaf> SignAsync(TrustState state, DateTimeOffset earliest, DateTimeOffset now, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(state);
        OwnServing serving = state.Serving ?? throw new ArgumentException("the serving certificate is not the server's own", nameof(state));
        SigningAuthority authority = await keyring.OpenAsync(state.Authority(serving.AuthorityId), cancellation);
        LeafRequest request = new(names.Id) { DnsNames = names.DnsNames, Addresses = names.Addresses, ValidAt = earliest };
        (IssuedLeaf leaf, PrivateKey key) = new LeafIssuer(authority, policy, LeafUse.Server).Issue(request, keys, now);

        // Against the one root by which clients are to know it, as they do it.
        ChainVerification verified = ChainVerifier.Verify(Certificate.ParsePem(leaf.ChainPem.Span), [authority.Root], ChainPurpose.Server, now);
        if (!verified.IsTrusted)
        {
            key.Dispose();
            throw new IssuanceException($"a serving certificate from '{serving.AuthorityId}' is not fit to be shown: {verified.Reason}");
        }

        return new ServingLeaf(serving.AuthorityId, RootId.Of(authority.Root), leaf, key);
    }
}
