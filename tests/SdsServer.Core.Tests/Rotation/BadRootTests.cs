using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using SdsServer.Core.Authorities;
using SdsServer.Core.Fleet.Commands;
using SdsServer.Core.Issuance;
using SdsServer.Core.Pki;
using SdsServer.Core.Rotation;
using SdsServer.Core.Secrets;
using SdsServer.Core.Tests.Pki;
using SdsServer.Testing;
using SdsServer.Testing.Virtual;

namespace SdsServer.Core.Tests.Rotation;

/// <summary>A rotation to a root that would spoil the bundle does not begin: it is named with what to do, and not a byte has changed.</summary>
[Trait("Rule", "E14.9")]
public sealed class BadRootTests
{
    private static readonly DateTimeOffset Now = Mesh.Born;
    private static readonly Forge InUse = Good() with { Subject = "CN=in use" };

    private static readonly Dictionary<string, (string Finding, string Remedy, Func<Forge> Root)> Rows = new()
    {
        ["the same subject"] = ("root.same-name", "Give each root its own subject name", () => Good() with { Subject = "CN=in use" }),
        ["the same key identifier"] = ("root.same-key-id", "Give each root its own subject key identifier", () => Good() with { KeyIdentifier = InUse.Certificate().SubjectKeyIdentifier!.Value.ToArray() }),
        ["the same key"] = ("root.same-key", "Make a new key for each root", () => Good() with { Key = InUse.Key, KeyIdentifier = new byte[20] }),
        ["expired"] = ("root.expired", "Drop it, or rotate to a new root", () => Good() with { NotBefore = Now.AddDays(-9), NotAfter = Now }),
        ["not yet valid"] = ("root.not-yet-valid", "Wait until then, or correct the clock", () => Good() with { NotBefore = Now.AddHours(1) }),
        ["not CA:TRUE"] = ("root.not-authority", "Give the root certificate, not a leaf", () => Good() with { IsAuthority = false }),
        ["without keyCertSign"] = ("root.key-usage", "Make the root with a critical keyUsage of keyCertSign and cRLSign", () => Good() with { KeyUsage = X509KeyUsageFlags.CrlSign }),
        ["a weak key"] = ("root.key-type", "Use P-256, P-384 or RSA with 2048, 3072 or 4096 bits", () => Good() with { Key = RSA.Create(1024) }),
        ["too short a life"] = ("root.lifetime", "Make a root that lives longer, or shorten the leaf lifetime", () => Good() with { NotAfter = Now.AddDays(2) }),
    };

    private static readonly Dictionary<string, (string Finding, string Remedy, int From, int To, bool Foreign, bool Listed)> ListRows = new()
    {
        ["a lone list"] = ("root.crl-alone", "Leave its list out, or give lists for all roots first", -1, 7, false, false),
        ["no list where the others have one"] = ("root.crl-missing", "Give its revocation list, or remove all others first", 0, 0, false, true),
        ["a list that no root of the bundle has signed"] = ("root.crl-invalid", "Give the root's current list", -1, 7, true, true),
        ["an overdue list"] = ("root.crl-invalid", "Give the root's current list", -2, 0, false, true),
    };

    public static TheoryData<string> Names => [.. Rows.Keys];

    public static TheoryData<string> ListNames => [.. ListRows.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void A_root_with(string name) => AssertRefused(Rows[name].Root(), Rows[name].Finding, Rows[name].Remedy);

    [Theory]
    [MemberData(nameof(ListNames))]
    public void Revocation_lists_with(string name)
    {
        (string finding, string remedy, int from, int to, bool foreign, bool listed) = ListRows[name];
        Forge root = Good();
        TrustBundle bundle = new([InUse.Certificate()], listed ? [List(InUse, -1, 7)] : []);
        RootCandidate candidate = new(root.Certificate(), [(root.Leaf() with { Uris = ["spiffe://mesh/web"], NotBefore = Now.AddHours(-1), NotAfter = Now.AddDays(1) }).Certificate()], from == to ? null : List(foreign ? Good() : root, from, to));
        AdmissionContext context = new(bundle, [TrustDomain.Parse("mesh")], [], TimeSpan.FromDays(1), TimeSpan.Zero);
        AssertRefused(root, finding, remedy, (_, _, now) => [.. RootAdmission.Check(candidate, context, now).Select(found => found.ToString())]);
    }

    [Fact]
    public void A_good_root_begins_a_rotation()
    {
        EngineWorld world = World(Good());
        world.Sidecar("p").Start().Bundle.Answers = false;
        Assert.Equal(CommandStatus.Done, world.Rotate("b").Status);
        Assert.Equal(2, world.State.Bundle.Length);
    }

    [Fact]
    public void The_last_root_is_not_dropped_and_an_empty_bundle_is_not_encoded()
    {
        TrustState state = First(Good());
        Assert.Throws<InvalidOperationException>(() => Moves.DropTrust(state, state.Bundle[0], "00ff", Now));
        Assert.Throws<ArgumentException>(() => BundleEncoder.Encode(state with { Bundle = [] }, "00ff"));
        Finding finding = Assert.Single(BundleLint.Check([], [], Now));
        Assert.Equal(("bundle.empty", "Never publish a bundle without a root"), (finding.Code, finding.Remedy));
    }

    private static void AssertRefused(Forge root, string finding, string remedy, Func<TrustState, Authority, DateTimeOffset, IReadOnlyList<string>>? judge = null)
    {
        EngineWorld world = World(root, judge);
        Sidecar proxy = world.Sidecar("p").Start();
        TrustState before = world.Store.State;
        byte[] bytes = [.. ((BundlePayload)proxy.Bundle.Last.Payload!).Pem.Span];
        int decisions = world.Store.Log.Count;

        CommandOutcome outcome = world.Rotate("b");
        world.Pass(60);

        Assert.Equal((CommandStatus.Refused, Gate.G0), (outcome.Status, outcome.Refusal!.Gate));
        Assert.Contains("'b'", outcome.Message, StringComparison.Ordinal);
        Assert.Contains(outcome.Refusal.Blockers, blocker => blocker.Reason == BlockerReason.UnfitRoot
            && blocker.Detail.StartsWith(finding + ":", StringComparison.Ordinal)
            && blocker.Detail.Contains($" {remedy}.", StringComparison.Ordinal));
        Assert.Equal((before.Revision, before.Decisions, before.Epoch, before.Salt, before.Signer), (world.State.Revision, world.State.Decisions, world.State.Epoch, world.State.Salt, world.State.Signer));
        Assert.Equal(before.Bundle, world.State.Bundle);
        Assert.Null(world.State.Plan);
        Assert.Equal(decisions, world.Store.Log.Count);
        Assert.Equal(bytes, ((BundlePayload)Assert.Single(proxy.Bundle.Got).Payload!).Pem.ToArray());
        Sidecar newcomer = world.Sidecar("newcomer").Start();
        Assert.Equal(Certificate.ParsePem(bytes), Certificate.ParsePem(((BundlePayload)newcomer.Bundle.Last.Payload!).Pem.Span));
    }

    // Only the rotation can drop it: a hold for its sake would keep it there.
    [Fact]
    public void An_expired_root_is_no_fault_while_a_rotation_leaves_it_behind_even_as_a_third()
    {
        (Authority third, TrustRoot expired) = Known("c", Good() with { Subject = "CN=expired", NotAfter = Now });
        TrustState first = First(Good() with { Subject = "CN=next" });
        TrustState state = first with { Roots = first.Roots.Add(expired), Authorities = first.Authorities.Add(third), Bundle = [first.Bundle[0], expired.Id, first.RootOf("b").Id] };
        RotationPlan plan = new()
        {
            Id = "r",
            RequestId = "r",
            Kind = RotationKind.Emergency,
            From = "a",
            To = "b",
            Policy = new RotationPolicy(),
            StartedAt = Now,
            StartedBy = "op",
            StepSince = Now,
            SignerRevisionAtStart = -1,
        };
        Assert.Contains("bundle.expired", BundleEncoder.FindFault(state, Now), StringComparison.Ordinal);
        Assert.Null(BundleEncoder.FindFault(state with { Plan = plan }, Now));
    }

    private static EngineWorld World(Forge root, Func<TrustState, Authority, DateTimeOffset, IReadOnlyList<string>>? judge = null)
    {
        InMemoryTrustStore store = new(new SimulatedDisk());
        long term = store.BeginTermAsync("mesh", Now, CancellationToken.None).Result.Term;
        foreach ((string id, Forge authority) in new[] { ("a", InUse), ("b", root) })
        {
            store.AddKeyAsync("mesh", term, id, authority.Key.ExportPkcs8PrivateKey(), CancellationToken.None).Wait();
        }

        RootFitness fitness = new(new Keyring(store, "mesh"), LeafPolicy.Default, TimeSpan.Zero);
        Random random = new(1);
        return new EngineWorld(
            seams: Mesh.Seams(random, judge ?? fitness.FindUnfit) with { EncodeBundle = BundleEncoder.Encode, FindBundleFault = BundleEncoder.FindFault },
            first: First(root));
    }

    private static TrustState First(Forge root)
    {
        (Authority a, TrustRoot inUse) = Known("a", InUse);
        (Authority b, TrustRoot candidate) = Known("b", root);
        return Mesh.First() with
        {
            Salt = "00ff",
            Roots = [inUse with { Since = 1, SafeAt = Now }, candidate],
            Authorities = [a, b],
            Bundle = [inUse.Id],
        };
    }

    private static (Authority Authority, TrustRoot Root) Known(string id, Forge forge)
    {
        Certificate root = forge.Certificate();
        return (Mesh.Authority(id, RootId.Of(root)) with { Chain = [[.. root.Der.Span]] }, new TrustRoot { Id = RootId.Of(root), Certificate = [.. root.Der.Span] });
    }

    private static Forge Good() => new() { NotBefore = Now.AddHours(-1), NotAfter = Now.AddYears(1) };

    private static CertificateRevocationList List(Forge root, int fromDays, int toDays) =>
        CertificateRevocationList.Create(root.Authority(), [], 1, Now.AddDays(fromDays), Now.AddDays(toDays));
}
