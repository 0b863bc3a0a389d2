using SdsServer.Cli.Demo;
using SdsServer.Protos.Envoy.Tls.V3;

namespace SdsServer.Cli.Tests.Demo;

/// <summary>The demo's claim is worth as much as its checks: each of them refuses what it should.</summary>
public sealed class HandshakeTests : IDisposable
{
    private const string X = "spiffe://example.org/x";
    private const string Y = "spiffe://example.org/y";
    private readonly TestRoot _a = new("A");
    private readonly TestRoot _b = new("B");

    [Fact]
    public async Task Works_between_members_of_one_root() => Assert.Null(await TryAsync(Identity(_a.Leaf(X), _a), Identity(_a.Leaf(Y), _a)));

    [Fact]
    public async Task Works_across_roots_while_both_are_trusted() => Assert.Null(await TryAsync(Identity(_a.Leaf(X), _a, _b), Identity(_b.Leaf(Y), _a, _b)));

    [Fact]
    public async Task Fails_when_the_client_does_not_trust_the_servers_root() =>
        Assert.Contains("the client refused the server", await TryAsync(Identity(_a.Leaf(X), _a), Identity(_b.Leaf(Y), _a, _b)), StringComparison.Ordinal);

    [Fact]
    public async Task Fails_when_the_server_does_not_trust_the_clients_root() =>
        Assert.Contains("the server refused the client", await TryAsync(Identity(_a.Leaf(X), _a, _b), Identity(_b.Leaf(Y), _b)), StringComparison.Ordinal);

    [Fact]
    public async Task Fails_when_a_leaf_has_expired() =>
        Assert.Contains("NotTimeValid", await TryAsync(Identity(_a.Leaf(X, days: -0.1), _a), Identity(_a.Leaf(Y), _a)), StringComparison.Ordinal);

    [Fact]
    public async Task Fails_when_the_server_is_somebody_else() =>
        Assert.Contains($"the client refused the server: its SPIFFE ID is {X}", await TryAsync(Identity(_a.Leaf(X), _a), Identity(_a.Leaf(X), _a)), StringComparison.Ordinal);

    [Fact]
    public async Task Fails_when_the_client_is_somebody_else() =>
        Assert.Contains($"the server refused the client: its SPIFFE ID is {Y}", await TryAsync(Identity(_a.Leaf(Y), _a), Identity(_a.Leaf(Y), _a)), StringComparison.Ordinal);

    [Fact]
    public async Task A_root_that_was_dropped_counts_at_once()
    {
        LeafSecret client = LeafSecret.Read(_a.Leaf(X).TlsCertificate);
        LeafSecret server = LeafSecret.Read(_b.Leaf(Y).TlsCertificate);
        BundleSecret both = BundleSecret.Read(TestRoot.Bundle(1, _a, _b).ValidationContext);
        BundleSecret onlyB = BundleSecret.Read(TestRoot.Bundle(2, _b).ValidationContext);
        TlsIdentity x = new(client, both);

        Assert.Null(await TryAsync(x, new(server, both)));
        Assert.NotNull(await TryAsync(x, new(server, onlyB)));
    }

    [Fact]
    public async Task Every_pair_is_tried_and_a_failure_says_who_with_whom()
    {
        Sidecar x = new("x", X, delta: false);
        Sidecar y = new("y", Y, delta: true);
        Sidecar stranger = new("z", "spiffe://example.org/z", delta: true);
        (Sidecar, Secret, TestRoot)[] all = [(x, _a.Leaf(X), _a), (y, _a.Leaf(Y), _a), (stranger, _b.Leaf("spiffe://example.org/z"), _b)];
        foreach ((Sidecar sidecar, Secret leaf, TestRoot root) in all)
        {
            sidecar.Apply(leaf, "l");
            sidecar.Apply(TestRoot.Bundle(5, root), "b");
        }

        HandshakeLoad load = new([x, y, stranger], seed: 1, TimeProvider.System) { Phase = "Issuing" };
        using CancellationTokenSource stop = new(TimeSpan.FromSeconds(30));
        Task worker = Task.Run(() => load.RunAsync(stop.Token));
        while (load.Rounds < 2 && !worker.IsCompleted)
        {
            await Task.Yield();
        }

        await stop.CancelAsync();
        await worker;
        Assert.Equal(6, load.Pairs);
        Assert.True(load.Rounds >= 2, "not every pair was tried");
        Assert.True(load.Failed >= 8, $"{load.Failed} of {load.Done} failed");
        Assert.All(load.Failures, failure => Assert.True(failure.Client == "z" || failure.Server == "z", failure.ToString()));
        Assert.Equal(0, load.FewestIn("Issuing"));
        Assert.Equal(load.Done - load.Failed, load.CountIn("Issuing"));
        HandshakeFailure first = load.Failures.First();
        Assert.Contains("bundle of epoch 5", first.Error, StringComparison.Ordinal);
        Assert.Contains("leaf ", first.Error, StringComparison.Ordinal);
        Assert.Equal("Issuing", first.Phase);
    }

    [Fact]
    public async Task Handshakes_are_counted_by_phase_and_pair()
    {
        Sidecar x = new("x", X, delta: false);
        Sidecar y = new("y", Y, delta: true);
        foreach ((Sidecar sidecar, string id) in new[] { (x, X), (y, Y) })
        {
            sidecar.Apply(_a.Leaf(id), "l");
            sidecar.Apply(TestRoot.Bundle(5, _a), "b");
        }

        HandshakeLoad load = new([x, y], seed: 1, TimeProvider.System) { Phase = "one" };
        using CancellationTokenSource stop = new(TimeSpan.FromSeconds(30));
        Task worker = Task.Run(() => load.RunAsync(stop.Token));
        while (load.FewestIn("one") < 2 && !worker.IsCompleted)
        {
            await Task.Yield();
        }

        load.Phase = "two";
        while (load.FewestIn("two") < 1 && !worker.IsCompleted)
        {
            await Task.Yield();
        }

        await stop.CancelAsync();
        await worker;
        Assert.Equal(0, load.FewestIn("three"));
        Assert.InRange(load.FewestIn("two"), 1, load.CountIn("two") / 2);
        Assert.InRange(load.CountIn("one") + load.CountIn("two"), 6, load.Done);
    }

    public void Dispose()
    {
        _a.Dispose();
        _b.Dispose();
    }

    private static Task<string?> TryAsync(TlsIdentity client, TlsIdentity server)
    {
        CancellationTokenSource limit = new(TimeSpan.FromSeconds(30));
        return Handshake.TryAsync(client, X, server, Y, limit.Token);
    }

    private static TlsIdentity Identity(Secret leaf, params TestRoot[] roots) =>
        new(LeafSecret.Read(leaf.TlsCertificate), BundleSecret.Read(TestRoot.Bundle(5, roots).ValidationContext));
}
