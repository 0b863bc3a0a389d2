using SdsServer.Core.Access;
using SdsServer.Core.Fleet;
using SdsServer.Core.Fleet.Effects;
using SdsServer.Core.Secrets;
using SdsServer.Testing.Virtual;

namespace SdsServer.Core.Tests.Rotation;

/// <summary>What a change of a workload's registration means to the engine: its streams have ended, and come back as what it is now.</summary>
public sealed class RegisteredWorkloadTests
{
    private static readonly PeerRules s_peers = new(["spiffe://mesh/db"]);

    [Fact]
    public void A_leaf_that_says_what_it_shall_not_say_any_more_is_replaced_at_once()
    {
        EngineWorld world = new();
        Sidecar sidecar = world.Sidecar("web").Start();
        string first = sidecar.Leaf.Serial;

        Reopen(sidecar, sidecar.Workload with { DnsNames = ["web.example"] });
        world.Pass(5);

        Assert.NotEqual(first, sidecar.Streams[^1].Serial);
        Assert.Equal(["web.example"], world.Effects.OfType<SignLeaf>().Last().Workload.DnsNames.AsEnumerable());
        world.AssertSound();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void What_changes_no_leaf_issues_none(bool peers)
    {
        EngineWorld world = new();
        Sidecar sidecar = world.Sidecar("web").Start();

        Reopen(sidecar, peers ? sidecar.Workload with { Peers = s_peers, SecretNames = ["default"] } : sidecar.Workload with { DnsNames = [] });
        world.Pass(5);

        Assert.Single(world.Effects.OfType<SignLeaf>());
    }

    [Fact]
    public void After_a_restart_nobody_is_issued_a_leaf_for_what_the_server_has_forgotten()
    {
        EngineWorld world = new();
        Sidecar sidecar = world.Sidecar("web");
        sidecar.Workload = sidecar.Workload with { DnsNames = ["web.example"] };
        sidecar.Start();
        string leaf = sidecar.Leaf.Last.Payload!.Version;
        world.Restart(sidecar);

        sidecar.Return(leaf, null);
        world.Pass(0.5);

        Assert.Single(world.Effects.OfType<SignLeaf>());
    }

    // Bytes that an earlier term has sent, with other peers, may have been refused: only who reports these very ones has accepted them.
    [Theory]
    [InlineData("spiffe://mesh/db", true)]
    [InlineData("spiffe://mesh/other", false)]
    [InlineData("", false)]
    public void Who_reports_the_same_roots_with_other_peers_gets_bytes_of_its_own(string reported, bool shared)
    {
        EngineWorld world = new();
        Sidecar sidecar = world.Sidecar("web");
        sidecar.Workload = sidecar.Workload with { Peers = s_peers };
        sidecar.Start();
        world.Pass(5);
        string leaf = sidecar.Leaf.Last.Payload!.Version;
        world.Restart(sidecar);
        BundlePayload now = Mesh.Encode(world.State, world.State.Salt);
        string version = now.For(new PeerRules(reported.Length > 0 ? [reported] : [])).Version;

        sidecar.Return(leaf, version);
        world.Pass(5);

        Assert.Equal(shared, sidecar.Bundle.Got[0].Payload!.Version == now.Version);
        world.AssertSound();
    }

    [Fact]
    public void A_version_names_its_epoch_and_itself_whatever_the_peers()
    {
        BundlePayload plain = new(12, new byte[] { 1 });
        BundlePayload narrowed = plain.For(s_peers);

        Assert.Equal(12, SecretVersion.BundleEpoch(narrowed.Version));
        Assert.True(SecretVersion.Names($"{narrowed.Version}+l00", narrowed.Version));
        Assert.False(SecretVersion.Names(narrowed.Version, plain.Version));
        Assert.False(SecretVersion.Names(plain.Version, narrowed.Version));
        Assert.Same(narrowed, plain.For(new PeerRules(["spiffe://mesh/db"])));
        Assert.Same(plain, narrowed.For(PeerRules.None));
    }

    private static void Reopen(Sidecar sidecar, Workload workload)
    {
        foreach (ScriptedStream stream in sidecar.Streams.Where(stream => stream.IsOpen).ToList())
        {
            stream.Close();
        }

        sidecar.Workload = workload;
        sidecar.Open(SecretKind.Bundle);
        sidecar.Open(SecretKind.Leaf);
    }
}
