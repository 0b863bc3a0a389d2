using System.Collections.Concurrent;
using System.Collections.Immutable;
using SdsServer.Core.Authorities;
using SdsServer.Core.Fleet;
using SdsServer.Core.Fleet.Effects;
using SdsServer.Core.Pki;
using SdsServer.Core.Rotation;
using SdsServer.Core.Secrets;

namespace SdsServer.Core.Issuance;

/// <summary>Makes a workload's key and leaf, and refuses what Envoy would accept and then fail on. Safe for concurrent use.</summary>
public sealed class LeafSigner(Keyring keyring, LeafPolicy policy, KeyAlgorithm keys)
{
    private readonly ConcurrentDictionary<SigningAuthority, LeafIssuer> _issuers = new();
    private ParsedRoots? _roots;

    /// <summary>A leaf from this authority, linted against the bundle its peers enforce.</summary>
    /// <param name="sign">Who it is for, who signs, and when.</param>
    /// <param name="state">The trust state: its authorities, its bundle for the lint, its roots for the anchors.</param>
    /// <param name="cancellation">Ends the wait for a key that is still being opened.</param>
    /// <exception cref="IssuanceException">The request breaks the policy, or the leaf does not pass the lint.</exception>
    public async Task<SignedLeaf> SignAsync(SignLeaf sign, TrustState state, CancellationToken cancellation)
    {
        Authority authority = state.Authority(sign.AuthorityId);
        Workload workload = sign.Workload;
        DateTimeOffset now = sign.Latest;
        SigningAuthority signer = await keyring.OpenAsync(authority, cancellation);
        LeafIssuer issuer = _issuers.GetOrAdd(signer, opened => new LeafIssuer(opened, policy));
        LeafRequest request = new(SpiffeId.Parse(workload.SpiffeId)) { DnsNames = workload.DnsNames, ValidAt = sign.Earliest, Lifetime = workload.Leaf.LifetimeIn(policy, sign.MaxLifetime) };
        (IssuedLeaf leaf, PrivateKey key) = issuer.Issue(request, workload.Leaf.Keys ?? keys, now);
        using (key)
        {
            byte[] keyPem = new byte[key.PemLength];
            key.WritePem(keyPem);
            ParsedRoots roots = Parsed(state);
            if (LeafLint.Check(leaf.ChainPem.Span, keyPem, key, roots.Bundle, now, out IReadOnlyList<Certificate> chain) is [Finding finding, ..])
            {
                throw new IssuanceException($"a leaf for {workload.SpiffeId} from '{authority.Id}' is not fit to be sent: {finding}");
            }

            return new SignedLeaf(
                new LeafPayload(leaf.Serial, leaf.ChainPem, keyPem),
                leaf.NotBefore,
                leaf.NotAfter,
                [.. ChainVerifier.AnchorsOf(chain, roots.All, now).Select(RootId.Of)]);
        }
    }

    private ParsedRoots Parsed(TrustState state)
    {
        ParsedRoots? parsed = Volatile.Read(ref _roots);
        if (parsed is null || !parsed.AreOf(state))
        {
            Volatile.Write(ref _roots, parsed = new ParsedRoots(state));
        }

        return parsed;
    }

    /// <summary>The roots of a state, read once: they change with a rotation, and leaves are signed ten thousand at a time.</summary>
    private sealed class ParsedRoots(TrustState state)
    {
        private readonly ImmutableArray<TrustRoot> _roots = state.Roots;
        private readonly ImmutableArray<string> _bundle = state.Bundle;

        public ImmutableArray<Certificate> All { get; } = [.. state.Roots.Select(Parse)];

        public TrustBundle Bundle { get; } = new([.. state.Bundle.Select(id => Parse(state.Root(id)))]);

        public bool AreOf(TrustState other) => other.Roots == _roots && other.Bundle == _bundle;

        private static Certificate Parse(TrustRoot root) => Certificate.Parse(root.Certificate.AsSpan());
    }
}
