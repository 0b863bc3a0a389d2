using System.Collections.Concurrent;
using SdsServer.Core.Authorities;
using SdsServer.Core.Fleet;
using SdsServer.Core.Pki;
using SdsServer.Core.Rotation;
using SdsServer.Core.Secrets;

namespace SdsServer.Core.Issuance;

/// <summary>Makes a workload's key and leaf, and refuses what Envoy would accept and then fail on. Safe for concurrent use.</summary>
public sealed class LeafSigner(Keyring keyring, LeafPolicy policy, KeyAlgorithm keys)
{
    private readonly ConcurrentDictionary<SigningAuthority, LeafIssuer> _issuers = new();

    /// <summary>A leaf from this authority, linted against the bundle its peers enforce.</summary>
    /// <param name="workload">Who it is for.</param>
    /// <param name="authority">Who signs.</param>
    /// <param name="state">The trust state: its bundle for the lint, its roots for the anchors.</param>
    /// <exception cref="IssuanceException">The request breaks the policy, or the leaf does not pass the lint.</exception>
    public async Task<SignedLeaf> SignAsync(Workload workload, Authority authority, TrustState state, DateTimeOffset now, CancellationToken cancellation)
    {
        SigningAuthority signer = await keyring.OpenAsync(authority, cancellation);
        LeafIssuer issuer = _issuers.GetOrAdd(signer, opened => new LeafIssuer(opened, policy));
        LeafRequest request = new(SpiffeId.Parse(workload.SpiffeId)) { DnsNames = workload.DnsNames };
        (IssuedLeaf leaf, PrivateKey key) = issuer.Issue(request, keys, now);
        using (key)
        {
            byte[] keyPem = new byte[key.PemLength];
            key.WritePem(keyPem);
            TrustBundle bundle = new([.. state.Bundle.Select(id => Parse(state.Root(id)))]);
            if (LeafLint.Check(leaf.ChainPem.Span, keyPem, bundle, now) is [Finding finding, ..])
            {
                throw new IssuanceException($"a leaf for {workload.SpiffeId} from '{authority.Id}' is not fit to be sent: {finding}");
            }

            IReadOnlyList<Certificate> chain = Certificate.ParsePem(leaf.ChainPem.Span);
            return new SignedLeaf(
                new LeafPayload(leaf.Serial, leaf.ChainPem, keyPem),
                leaf.NotBefore,
                leaf.NotAfter,
                [.. ChainVerifier.AnchorsOf(chain, state.Roots.Select(Parse), now).Select(RootId.Of)]);
        }
    }

    private readonly ConcurrentDictionary<string, Certificate> _roots = new();

    private Certificate Parse(TrustRoot root) => _roots.GetOrAdd(root.Id, _ => Certificate.Parse(root.Certificate.AsSpan()));
}
