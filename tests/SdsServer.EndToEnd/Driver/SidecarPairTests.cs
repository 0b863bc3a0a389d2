using SdsServer.Testing;
using SdsServer.Testing.Envoy;
using SdsServer.Testing.Pki;

namespace SdsServer.EndToEnd.Driver;

/// <summary>The driver by itself: what it counts on healthy pairs, and that it sees what must not be missed.</summary>
public sealed class SidecarPairTests
{
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    public static TheoryData<string> Versions => new(EnvoyBinary.Found.Select(binary => binary.Version));

    [EnvoyTheory]
    [MemberData(nameof(Versions))]
    public async Task Healthy_traffic_is_counted_alike_by_the_probe_and_by_both_Envoys(string version)
    {
        await using FileSecretsPair pair = await FileSecretsPair.StartAsync(Binary(version));
        await using TrafficProbe traffic = new(pair.Plain, Pace);
        await traffic.AwaitFreshAsync(50, Limit);
        await traffic.PauseAsync();

        TrafficCount count = traffic.Count;
        EnvoyStats client = await pair.Client.Admin.StatsAsync();
        EnvoyStats server = await pair.Server.Admin.StatsAsync();
        Assert.True(count.Failed == 0, traffic.FirstFailure);
        Assert.True(count.Kept >= 20, $"{count}");
        Assert.Equal(count.Fresh + 2, client.FullHandshakes);
        Assert.Equal(count.Fresh + 2, server.FullHandshakes);
        Assert.Equal(0, client.ConnectionErrors + server.ConnectionErrors + server.RefusedChains + client.RefusedChains);
        traffic.Resume();
    }

    [EnvoyTheory]
    [MemberData(nameof(Versions))]
    public async Task The_admin_and_the_wire_show_the_leaf_in_force(string version)
    {
        await using FileSecretsPair pair = await FileSecretsPair.StartAsync(Binary(version));
        string before = await AssertServedAsync(pair, pair.Authority.Name);

        EnvoyStats old = await pair.Server.Admin.StatsAsync();
        pair.ServerSecrets.WriteLeaf(pair.Authority.Issue("spiffe://example.org/svc-b"));
        await AwaitContextUpdateAsync(pair.Server, old);

        Assert.NotEqual(before, await AssertServedAsync(pair, pair.Authority.Name));
        EnvoyStats stats = await pair.Server.Admin.StatsAsync();
        Assert.Equal(old.UpdateSuccess("default") + 1, stats.UpdateSuccess("default"));
        Assert.Equal(0, stats.UpdateRejected("default"));
    }

    [EnvoyTheory]
    [MemberData(nameof(Versions))]
    public async Task Leaves_before_their_root_fail_fresh_connections_and_no_kept_one(string version)
    {
        await using FileSecretsPair pair = await FileSecretsPair.StartAsync(Binary(version));
        using ScratchAuthority stranger = new("root two");
        await using TrafficProbe traffic = new(pair.Plain, Pace);
        await traffic.AwaitFreshAsync(20, Limit);
        Assert.True(traffic.Count.Failed == 0, traffic.FirstFailure);

        EnvoyStats old = await pair.Client.Admin.StatsAsync();
        pair.ClientSecrets.WriteLeaf(stranger.Issue("spiffe://example.org/svc-a"));
        await AwaitContextUpdateAsync(pair.Client, old);
        await traffic.AwaitFreshAsync(20, Limit);

        Assert.True(traffic.Count.Failed >= 18, $"{traffic.Count}");
        Assert.StartsWith("/fresh/", traffic.FirstFailure, StringComparison.Ordinal);
        Assert.True((await pair.Server.Admin.StatsAsync()).RefusedChains >= 18);
        Assert.True((await pair.Client.Admin.StatsAsync()).ConnectionErrors >= 18);
    }

    [EnvoyTheory]
    [MemberData(nameof(Versions))]
    public async Task A_refused_leaf_is_counted_and_changes_nothing(string version)
    {
        await using FileSecretsPair pair = await FileSecretsPair.StartAsync(Binary(version));
        EnvoyStats old = await pair.Server.Admin.StatsAsync();
        string before = await AssertServedAsync(pair, pair.Authority.Name);

        (string chain, _) = pair.Authority.Issue("spiffe://example.org/svc-b");
        (_, string keyOfAnother) = pair.Authority.Issue("spiffe://example.org/svc-b");
        pair.ServerSecrets.WriteLeaf((chain, keyOfAnother));
        await Condition.AwaitAsync("the refusal", Limit, async token =>
            (await pair.Server.Admin.StatsAsync(token)).UpdateRejected("default") == 1, () => pair.Server.Log);

        Assert.Equal(old.ContextUpdates, (await pair.Server.Admin.StatsAsync()).ContextUpdates);
        Assert.Equal(before, (await ServedChain.ReadAsync(pair.Mtls)).SerialNumber);
    }

    [EnvoyTheory]
    [MemberData(nameof(Versions))]
    public async Task A_hot_restart_loses_no_request(string version)
    {
        await using FileSecretsPair pair = await FileSecretsPair.StartAsync(Binary(version));
        await using TrafficProbe traffic = new(pair.Plain, Pace);
        await traffic.AwaitFreshAsync(20, Limit);

        foreach (EnvoySidecar sidecar in (EnvoySidecar[])[pair.Server, pair.Client])
        {
            int parent = sidecar.ProcessId;
            Task parentEnded = await sidecar.HotRestartAsync();
            await sidecar.WhenLiveAsync();
            await traffic.RenewKeptAsync();
            Assert.NotEqual(parent, sidecar.ProcessId);
            await parentEnded.WaitAsync(Limit);
            await traffic.AwaitFreshAsync(20, Limit);
        }

        Assert.True(traffic.Count.Failed == 0, traffic.FirstFailure);
    }

    [EnvoyTheory]
    [MemberData(nameof(Versions))]
    public async Task A_killed_sidecar_fails_the_traffic_and_comes_back_on_the_same_port(string version)
    {
        await using FileSecretsPair pair = await FileSecretsPair.StartAsync(Binary(version));
        await using TrafficProbe traffic = new(pair.Plain, Pace);
        await traffic.AwaitFreshAsync(10, Limit);
        await pair.Client.KillAsync();
        await traffic.AwaitFreshAsync(5, Limit);
        Assert.True(traffic.Count.Failed >= 4, $"{traffic.Count}");

        await pair.Client.StartAgainAsync();
        await pair.Client.WhenLiveAsync();
        await traffic.RenewKeptAsync();
        TrafficCount restarted = traffic.Count;
        await traffic.AwaitFreshAsync(20, Limit);
        Assert.Equal(0, (traffic.Count - restarted).Failed);
    }

    [EnvoyAsRootFact]
    public async Task A_sidecar_can_run_as_another_user()
    {
        const int Nobody = 65534;
        await using FileSecretsPair pair = await FileSecretsPair.StartAsync(EnvoyBinary.Found[^1], new SidecarOptions { Uid = Nobody });
        await using TrafficProbe traffic = new(pair.Plain, Pace);
        await traffic.AwaitFreshAsync(5, Limit);
        Assert.True(traffic.Count.Failed == 0, traffic.FirstFailure);
        Assert.Contains($"Uid:\t{Nobody}\t{Nobody}", await File.ReadAllTextAsync($"/proc/{pair.Client.ProcessId}/status"), StringComparison.Ordinal);
    }

    private static EnvoyBinary Binary(string version) => EnvoyBinary.Found.Single(binary => binary.Version == version);

    private static async Task<string> AssertServedAsync(FileSecretsPair pair, string issuer)
    {
        ServedChain served = await ServedChain.ReadAsync(pair.Mtls);
        EnvoyCertificates certificates = await pair.Server.Admin.CertificatesAsync();
        EnvoyCertificate leaf = Assert.Single(certificates.Leaves);
        Assert.Equal(issuer, served.Leaf.Issuer);
        Assert.Equal(served.SerialNumber, leaf.SerialNumber);
        Assert.Equal(["spiffe://example.org/svc-b"], leaf.Uris);
        Assert.Single(certificates.Trusted);
        return served.SerialNumber;
    }

    private static Task AwaitContextUpdateAsync(EnvoySidecar sidecar, EnvoyStats old) => Condition.AwaitAsync(
        "the new secret in use", Limit, async token => (await sidecar.Admin.StatsAsync(token)).ContextUpdates > old.ContextUpdates, () => sidecar.Log);
}
