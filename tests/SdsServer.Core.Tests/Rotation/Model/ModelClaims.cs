using System.Collections.Immutable;
using SdsServer.Core.Fleet;
using SdsServer.Core.Fleet.Effects;
using SdsServer.Core.Rotation;
using SdsServer.Core.Secrets;

namespace SdsServer.Core.Tests.Rotation.Model;

/// <summary>The literal claim and the invariants, checked against what every process really holds, never against what the engine believes.</summary>
internal sealed class ModelClaims(VirtualTime time, MemoryStore store, IReadOnlyList<ModelEnvoy> envoys)
{
    private readonly Dictionary<string, (ImmutableArray<string> Anchors, DateTimeOffset NotAfter, string By)> _leaves = [];

    /// <summary>Pairs of contexts that were compared.</summary>
    public long Pairs { get; private set; }

    /// <summary>What an effect must never be, whatever comes after it.</summary>
    public void OnEffect(EngineEffect effect)
    {
        switch (effect)
        {
            case WriteLedger write:
                _leaves[write.Insert.Row.Serial] = (write.Insert.Row.Anchors, write.Insert.Row.NotAfter, write.Insert.Row.AuthorityId);
                break;
            case SaveState save:
                CheckState(save.State);
                break;
            case Noted { Text: { } text } when text.StartsWith("invariant", StringComparison.Ordinal):
                throw new ModelViolation(text);
        }
    }

    /// <summary>I6, I7, what rule E7 says of bytes that were refused, and that bundle and leaf are never both on their way.</summary>
    public void OnDelivery(ModelEnvoy envoy, ModelProvider provider, Delivery delivery, TimeSpan ackTimeout)
    {
        if (provider.UnansweredSince is { } since && time.Up < since + ackTimeout)
        {
            throw new ModelViolation($"{envoy.Name}/{provider.Name} is sent {delivery.Payload?.Version} while another response is unanswered");
        }

        if (envoy.Providers.Any(other => other.Kind != provider.Kind && other.UnansweredSince is { } open && time.Up < open + ackTimeout))
        {
            throw new ModelViolation($"{envoy.Name} has bundle and leaf on their way at once");
        }

        // Bytes that the stream itself has just reported to hold change nothing, and an earlier term's are no proof.
        if (envoy.Spoilt.Contains(delivery.Payload!.Version) && provider.Accepted != delivery.Payload.Version)
        {
            throw new ModelViolation($"{envoy.Name}/{provider.Name} is sent {delivery.Payload.Version} again, which was refused or lost");
        }

        switch (delivery.Payload)
        {
            case LeafPayload leaf when !store.Ledger.Any(row => row.Serial == leaf.Serial):
                throw new ModelViolation($"I7: leaf {leaf.Serial} is sent before the ledger has it");
            case BundlePayload bundle when bundle.Epoch > store.State.Epoch:
                throw new ModelViolation($"I7: the bundle of epoch {bundle.Epoch} is sent before the state is durable");
            case BundlePayload bundle when provider.Stored is BundlePayload old && old.Epoch > bundle.Epoch:
                throw new ModelViolation($"I6: {envoy.Name}/{provider.Name} goes back from epoch {old.Epoch} to {bundle.Epoch}");
        }
    }

    /// <summary>For every process that can talk to this one: each leaf that either presents is accepted by each bundle that the other enforces.</summary>
    public void OnBuilt(ModelEnvoy changed)
    {
        foreach (ModelEnvoy other in envoys)
        {
            if (other != changed && other.Alive)
            {
                CheckAccepts(changed, other);
                CheckAccepts(other, changed);
            }
        }
    }

    /// <summary>Unexpired, and from this authority.</summary>
    public bool IsGood(LeafPayload leaf, string authority) => _leaves[leaf.Serial] is var (_, notAfter, by) && by == authority && notAfter > time.True;

    private void CheckAccepts(ModelEnvoy presenter, ModelEnvoy verifier)
    {
        foreach (ModelContext verifying in verifier.Contexts)
        {
            if (verifying.Enforces is not { } bundle || !CanTalk(verifier, verifying))
            {
                continue;
            }

            ImmutableArray<string> roots = Mesh.RootsOf(bundle);
            foreach (ModelContext presenting in presenter.Contexts)
            {
                if (presenting.Presents is { } leaf && _leaves[leaf.Serial] is var (anchors, notAfter, _) && notAfter > time.True)
                {
                    Pairs++;
                    if (!anchors.Any(roots.Contains))
                    {
                        throw new ModelViolation(
                            $"I1: {verifier.Name} enforces {bundle.Version} {{{string.Join(',', roots)}}} and refuses {presenter.Name} with leaf {leaf.Serial[..6]} from {string.Join(',', anchors)}");
                    }
                }
            }
        }
    }

    // Mutual TLS needs an unexpired leaf on both sides; a consumer of the bundle alone counts once the roster has it.
    private bool CanTalk(ModelEnvoy envoy, ModelContext context) => context.Leaf is null
        ? store.Roster.Values.Any(entry => entry.Key == envoy.Key)
        : context.Presents is { } leaf && _leaves[leaf.Serial].NotAfter > time.True;

    private static void CheckState(TrustState state)
    {
        if (state.Bundle.Length is < 1 or > 2 || !state.Trusts(state.RootOf(state.Signer).Id))
        {
            throw new ModelViolation($"I2/I3: bundle {{{string.Join(',', state.Bundle)}}}, signer {state.Signer}");
        }
    }
}
