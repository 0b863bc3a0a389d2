using SdsServer.Core.Rotation;

namespace SdsServer.Core.Tests.Rotation;

/// <summary>What an override says it breaks: for these blockers, by name, and what happens to them.</summary>
public sealed class OverrideEffectsTests
{
    private static readonly RotationPlan Plan = new()
    {
        Id = "r", RequestId = "r", Kind = RotationKind.Planned, From = "a", To = "b", Policy = new RotationPolicy(), StartedAt = default, SignerRevisionAtStart = 0, StepSince = default, StartedBy = "op",
    };

    private static readonly Blocker Soak = Blocker.Of(BlockerReason.Soak, "", null);

    public static TheoryData<Gate, bool, Blocker[], string[]> Cases => new()
    {
        { Gate.G1, false, [Of("cart-1", BlockerReason.PendingAck), Of("cart-2", BlockerReason.Nacked), Of("pay-1", BlockerReason.Absent), Of("pay-2", BlockerReason.UnmanagedTrust)],
            ["4 proxies (cart-1, cart-2, pay-1 and 1 more) without proof of trust in the root of 'b': each may refuse leaves of 'b' until it has taken the bundle, so that its calls to and from moved proxies fail, and gets no leaf before"] },
        { Gate.G1, true, [Of("cart-1", BlockerReason.Nacked)],
            ["1 proxy (cart-1): it goes on with what it has accepted; if what it refuses is not its own fault, moved proxies meet it too"] },
        { Gate.G1, true, [Soak], ["the wait is cut short: 'b' signs earlier than the policy says"] },
        { Gate.G2, true, [Of("cart-1", BlockerReason.PendingLeaf), Of("cart-2", BlockerReason.Nacked)],
            ["2 proxies (cart-1, cart-2) not shown to use a leaf of 'b': each goes on with the leaf it has, if any, which every peer accepts; if the fault is not its own, wave 2 meets it too"] },
        { Gate.G2, true, [Soak], ["the wait is cut short: wave 2 begins before the others have been watched for as long as the policy says"] },
        { Gate.G2, true, [Blocker.Of(BlockerReason.Webhook, "", null)], ["the webhook's no is not heeded: what it has found is carried further"] },
        { Gate.G3, true, [Leaf("cart-1", "01"), Leaf("cart-1", "02"), Blocker.Of(BlockerReason.NeedsOutgoingRoot, "", null) with { LeafSerial = "03" }, Of("pay-1", BlockerReason.MissingAnchor), Soak],
            [
                "2 leaves of 1 proxy (cart-1) and 1 exported CA certificate, with every leaf below: every peer refuses what needs the root of 'a' from then on; calls to and from there fail until a leaf of 'b' has taken its place",
                "the wait is cut short: connections made under the root of 'a' may still be open, and nothing closes them",
                "1 proxy (pay-1): it loses its link to this server at its next connect, and gets no renewals, until its anchors hold the root of 'b'",
            ] },
        { Gate.G3, true, [Of("cart-1", BlockerReason.PendingLeaf)], ["1 proxy (cart-1): the new leaf is not shown to be in use; whoever uses an older one is refused by every peer"] },
        { Gate.G4, false, [Of("cart-1", BlockerReason.Absent)],
            ["1 proxy (cart-1): it may go on to accept what is signed under the root of 'a', and gets no leaf until it has taken the bundle without it"] },
        { Gate.G4, true, [Leaf("cart-1", "01")], ["1 leaf of 1 proxy (cart-1): still in use when the rotation ends; every peer accepts what is under 'a' until it expires"] },
        { Gate.G1, false, [Blocker.Of(BlockerReason.Signer, "", null), Blocker.Of(BlockerReason.YoungTerm, "", null)], [] },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void It_says_how_many_who_and_what_happens_to_them(Gate gate, bool isTrusted, Blocker[] blockers, string[] expected) =>
        Assert.Equal(expected, OverrideEffects.Of(Plan, new Verdict(MoveKind.SetSigner, "b", gate, Open: false, OpensAt: null) { Wave = 2 }, "the root of 'a'", isTrusted, blockers));

    [Fact]
    public void The_refusal_of_a_gate_says_it_of_its_own_blockers()
    {
        EngineWorld world = new();
        Sidecar silent = world.Sidecar("silent").Start();
        world.Fleet(1);
        silent.Bundle.Answers = false;
        world.Rotate("b");
        world.Pass(5);

        string broken = Assert.Single(world.Engine.Outlook()!.Value.Refusal!.OverrideBreaks);

        Assert.StartsWith($"1 proxy ({silent.Key.NodeId}) without proof of trust in the root of 'b'", broken, StringComparison.Ordinal);
    }

    private static Blocker Of(string node, BlockerReason reason) => new(node, $"spiffe://example.org/{node}", node, reason, "", null);

    private static Blocker Leaf(string node, string serial) => Of(node, BlockerReason.NeedsOutgoingRoot) with { LeafSerial = serial };
}
