using SdsServer.Cli.Demo;
using SdsServer.Protos.Envoy.Tls.V3;

namespace SdsServer.Cli.Tests.Demo;

public sealed class SidecarTests : IDisposable
{
    private const string Id = "spiffe://example.org/a";
    private readonly TestRoot _a = new("A");
    private readonly TestRoot _b = new("B");
    private readonly Sidecar _sidecar = new("a", Id, delta: false);

    [Fact]
    public void Has_an_identity_once_both_secrets_are_there()
    {
        Assert.Null(_sidecar.Apply(TestRoot.Bundle(3, _a), "b3"));
        Assert.Null(_sidecar.Identity);
        Assert.Null(_sidecar.Apply(_a.Leaf(Id), "l1"));

        Assert.Equal(3, _sidecar.Identity!.Bundle.Epoch);
        Assert.Equal(("b3", "l1", 2, 0), (_sidecar.VersionOf("ROOTCA"), _sidecar.VersionOf("default"), _sidecar.Acks, _sidecar.Nacks));
    }

    [Fact]
    public void Swaps_leaf_and_bundle_in_one_step()
    {
        Enrol();
        TlsIdentity before = _sidecar.Identity!;

        Assert.Null(_sidecar.Apply(TestRoot.Bundle(4, _a, _b), "b4"));

        TlsIdentity after = _sidecar.Identity!;
        Assert.Same(before.Leaf, after.Leaf);
        Assert.Equal((3, 4, 1, 2), (before.Bundle.Epoch, after.Bundle.Epoch, before.Bundle.Roots.Count, after.Bundle.Roots.Count));
    }

    [Fact]
    public void Keeps_what_it_has_when_it_refuses_a_secret()
    {
        Enrol();
        TlsIdentity before = _sidecar.Identity!;
        (string chain, string key) = _a.Issue(Id);
        (_, string foreignKey) = _a.Issue(Id);
        Secret[] bad =
        [
            TestRoot.Bundle(""), TestRoot.Bundle("garbage"), TestRoot.Bundle(_a.Pem + "-----BEGIN CERTIFICATE-----\nMIIB"),
            TestRoot.Bundle(_a.Pem + "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"), TestRoot.Bundle(_a.Pem + key),
            TestRoot.Leaf(chain, foreignKey), TestRoot.Leaf(chain, ""), TestRoot.Leaf("", key), TestRoot.Leaf("garbage", "garbage"),
            new() { Name = "ROOTCA", TlsCertificate = _a.Leaf(Id).TlsCertificate }, new() { Name = "default", ValidationContext = TestRoot.Bundle(9, _a).ValidationContext },
            new() { Name = "other", ValidationContext = TestRoot.Bundle(9, _a).ValidationContext }, new() { Name = "default" },
        ];

        Assert.All(bad, secret =>
        {
            string? reason = _sidecar.Apply(secret, "bad");
            Assert.False(string.IsNullOrEmpty(reason));
            Assert.DoesNotContain("PRIVATE KEY", reason, StringComparison.Ordinal);
            Assert.Same(before, _sidecar.Identity);
        });
        Assert.Equal(("b3", "l1", bad.Length), (_sidecar.VersionOf("ROOTCA"), _sidecar.VersionOf("default"), _sidecar.Nacks));
    }

    [Fact]
    public async Task Takes_nothing_while_it_is_stalled()
    {
        Enrol();
        TlsIdentity before = _sidecar.Identity!;
        _sidecar.Stall("default");

        Task<string?> taken = _sidecar.TakeAsync(_b.Leaf(Id), "l2", CancellationToken.None);
        Assert.Null(await _sidecar.TakeAsync(TestRoot.Bundle(4, _a, _b), "b4", CancellationToken.None));
        Assert.False(taken.IsCompleted);
        Assert.Same(before.Leaf, _sidecar.Identity!.Leaf);

        _sidecar.Resume();
        Assert.Null(await taken);
        Assert.Equal("CN=B", _sidecar.Identity!.Leaf.Issuer);
    }

    public void Dispose()
    {
        _a.Dispose();
        _b.Dispose();
    }

    private void Enrol()
    {
        _sidecar.Apply(TestRoot.Bundle(3, _a), "b3");
        _sidecar.Apply(_a.Leaf(Id), "l1");
    }
}
