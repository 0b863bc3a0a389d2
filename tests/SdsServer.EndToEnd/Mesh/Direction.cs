using System.Net.Sockets;
using SdsServer.Testing;
using SdsServer.Testing.Envoy;
using SdsServer.Testing.Processes;

namespace SdsServer.EndToEnd.Mesh;

/// <summary>One workload calls another without end: the client sidecar of the one, the server sidecar of the other, traffic between them.</summary>
internal sealed class Direction : IAsyncDisposable
{
    /// <summary>Full handshakes below which a phase has shown nothing.</summary>
    public const int Enough = 200;

    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(12);
    private static readonly TimeSpan PhaseLimit = TimeSpan.FromSeconds(120);

    private readonly ReservedPort _plain = ReservedPort.Take();
    private readonly ReservedPort _mtls = ReservedPort.Take();
    private long _clientMark;
    private long _serverMark;

    // Refused chains and TLS errors, at each side, of requests that had to fail.
    private (long ByClient, long AtClient, long ByServer, long AtServer) _excused;

    /// <summary>The workload that calls.</summary>
    public required string From { get; init; }

    /// <summary>The workload that is called.</summary>
    public required string To { get; init; }

    public Proxy Client { get; private set; } = null!;

    public Proxy Server { get; private set; } = null!;

    public TrafficProbe Traffic { get; private set; } = null!;

    /// <summary>Where the server sidecar ends mTLS.</summary>
    public ReservedPort Mtls => _mtls;

    public async Task StartAsync(MeshOptions options, ServerProcess server, Func<string, string?> token, EchoApp app)
    {
        Server = await Proxy.StartAsync(options, server, $"{To}-in", token(To), Bootstrap.Shipped(SidecarRole.Server, options.Protocol)
            .With("node-cluster", To).With("listen-address", "127.0.0.1").With("listen-port", $"{_mtls.Number}")
            .With("app-port", $"{app.Port}").With("peer-spiffe-id", Workloads.SpiffeId(From)));
        Client = await Proxy.StartAsync(options, server, $"{From}-out", token(From), Bootstrap.Shipped(SidecarRole.Client, options.Protocol)
            .With("node-cluster", From).With("listen-port", $"{_plain.Number}")
            .With("peer-host", "127.0.0.1").With("peer-port", $"{_mtls.Number}").With("peer-spiffe-id", Workloads.SpiffeId(To)));
        await Task.WhenAll(Server.Envoy.WhenLiveAsync(), Client.Envoy.WhenLiveAsync());
        Traffic = new TrafficProbe(_plain.Endpoint, Pace);
        await MarkAsync();
    }

    /// <summary>Counts from here on.</summary>
    public async Task MarkAsync()
    {
        _clientMark = Client.FullHandshakes(await Client.Envoy.Admin.StatsAsync());
        _serverMark = Server.FullHandshakes(await Server.Envoy.Admin.StatsAsync());
    }

    /// <summary>Waits until both sidecars have seen enough full handshakes since the mark, checks that none failed, and sets the mark anew.</summary>
    /// <returns>How many, by the sidecar that saw fewer.</returns>
    public async Task<long> EnoughAsync(string phase)
    {
        (EnvoyStats client, EnvoyStats server, long count) = await CountAsync();
        await Condition.AwaitAsync($"{Enough} full handshakes from {From} to {To} in {phase}", PhaseLimit, async _ =>
        {
            (client, server, count) = await CountAsync();
            return count >= Enough || Traffic.Count.Failed > 0;
        }, () => $"so far {count}; {Traffic.Count}; {Traffic.FirstFailure}");
        AssertUnharmed(phase, client, server);
        _clientMark = Client.FullHandshakes(client);
        _serverMark = Server.FullHandshakes(server);
        return count;
    }

    /// <summary>One request that must fail, because its client's sidecar refuses the chain of the server's. It is not held against them later.</summary>
    public async Task AssertRefusedAsync()
    {
        long before = (await Client.Envoy.Admin.StatsAsync()).RefusedChains;
        long heard = (await Server.Envoy.Admin.StatsAsync()).ConnectionErrors;
        using CancellationTokenSource limit = new(PhaseLimit);
        using EchoConnection connection = await EchoConnection.OpenAsync(_plain.Endpoint, limit.Token);
        Exception? failure = await Record.ExceptionAsync(() => connection.EchoAsync("/refused", limit.Token));
        Assert.True(failure is IOException or FormatException or SocketException, $"from {From} to {To}: {failure?.Message ?? "the request was answered"}");
        await Condition.AwaitAsync($"both sides to count the refusal from {From} to {To}", PhaseLimit, async token =>
        {
            (EnvoyStats client, EnvoyStats server) = (await Client.Envoy.Admin.StatsAsync(token), await Server.Envoy.Admin.StatsAsync(token));
            _excused = (client.RefusedChains, client.ConnectionErrors, server.RefusedChains, server.ConnectionErrors - server.MissingClientCertificates);
            return client.RefusedChains > before && server.ConnectionErrors > heard;
        }, () => Client.Envoy.Log + Server.Envoy.Log);
    }

    public async ValueTask DisposeAsync()
    {
        await (Traffic?.DisposeAsync() ?? ValueTask.CompletedTask);
        await (Client?.DisposeAsync() ?? ValueTask.CompletedTask);
        await (Server?.DisposeAsync() ?? ValueTask.CompletedTask);
        _plain.Dispose();
        _mtls.Dispose();
    }

    private async Task<(EnvoyStats Client, EnvoyStats Server, long Count)> CountAsync()
    {
        EnvoyStats client = await Client.Envoy.Admin.StatsAsync();
        EnvoyStats server = await Server.Envoy.Admin.StatsAsync();
        return (client, server, Math.Min(Client.FullHandshakes(client) - _clientMark, Server.FullHandshakes(server) - _serverMark));
    }

    // The client counts a TLS 1.3 handshake that the server then refuses as done, so the words of both are needed.
    private void AssertUnharmed(string phase, EnvoyStats client, EnvoyStats server)
    {
        string where = $"{phase}, {From} to {To}";
        Assert.True(
            Traffic.Count.Failed == 0,
            $"{where}: {Traffic.Count.Failed} of {Traffic.Count.Sent} requests failed, first {Traffic.FirstFailure}; {Told("client", client)}, {Told("server", server)}");
        foreach ((string side, EnvoyStats stats, long excused) in new[] { ("client", client, _excused.ByClient), ("server", server, _excused.ByServer) })
        {
            Assert.True(
                stats.RefusedChains - excused + stats.RefusedNames + stats.SecretsNotReady == 0,
                $"{where}: the {side} counts {stats.RefusedChains} refused chains, {stats.RefusedNames} refused names, {stats.SecretsNotReady} connections without secrets");
        }

        Assert.True(client.ConnectionErrors == _excused.AtClient, $"{where}: the client counts {client.ConnectionErrors} TLS errors");

        // Reading the served chain from outside shows no certificate: that much is ours.
        Assert.True(
            server.ConnectionErrors - _excused.AtServer <= server.MissingClientCertificates,
            $"{where}: the server counts {server.ConnectionErrors} TLS errors, {server.MissingClientCertificates} of them ours");
    }

    // Where neither has a TLS error, the machine was too slow: the connection was given up.
    private static string Told(string side, EnvoyStats stats) =>
        $"the {side} counts {stats.ConnectionErrors} TLS errors, {stats.RefusedChains + stats.RefusedNames} refused certificates, {stats.ConnectTimeouts} connections given up";
}
