using System.Net;
using System.Net.Sockets;
using SdsServer.Grpc.Client;
using SdsServer.Limits;
using SdsServer.Testing;
using SdsServer.Tests.Xds;
using SdsServer.Xds;

namespace SdsServer.Tests.Limits;

/// <summary>Strangers who hold connections open, beside proxies that are known.</summary>
public sealed class ConnectionGateTests
{
    private static readonly DateTimeOffset s_start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public async Task One_connection_more_than_an_address_may_have_is_closed()
    {
        await using XdsTestServer server = await XdsTestServer.StartAsync(connections: new ConnectionLimits { UnidentifiedPerAddress = 2 });
        using Socket first = await GreetAsync(server), second = await GreetAsync(server);
        await AnsweredAsync(first);
        await AnsweredAsync(second);
        using Socket third = await GreetAsync(server);
        await ReadToEndAsync(third).WaitAsync(XdsTestServer.Patience);
        Assert.Single(server.Log.Lines, line => line.Id == 7001);
        Assert.Equal(2, server.Served);

        first.Close();
        await WaitAsync(() => server.Gate.Unidentified == 1);
        using Socket fourth = await ConnectAsync(server);
        await WaitAsync(() => server.Gate.Unidentified == 2);
    }

    // Else one local user could use up what the others need.
    [Fact]
    public async Task On_a_Unix_socket_each_user_is_an_address()
    {
        await using XdsTestServer server = await XdsTestServer.StartAsync(connections: new ConnectionLimits { UnidentifiedPerAddress = 1 });
        using Socket first = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified), second = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await first.ConnectAsync(new UnixDomainSocketEndPoint(server.SocketPath));
        await WaitAsync(() => server.Gate.Unidentified == 1);
        await second.ConnectAsync(new UnixDomainSocketEndPoint(server.SocketPath));
        await ReadToEndAsync(second).WaitAsync(XdsTestServer.Patience);
        Assert.Matches("A connection from user:[0-9]+ is closed", Assert.Single(server.Log.Lines, line => line.Id == 7001).Text);
    }

    [Fact]
    public async Task All_addresses_together_have_a_limit_of_their_own()
    {
        await using XdsTestServer server = await XdsTestServer.StartAsync(connections: new ConnectionLimits { Unidentified = 1 });
        using Socket first = await ConnectAsync(server);
        await WaitAsync(() => server.Gate.Unidentified == 1);
        await using XdsStream proxy = XdsStream.Open(server, Transport.Sotw);
        await proxy.SubscribeAsync("roots/a");
        Assert.Equal(Grpc.StatusCode.Unavailable, (await proxy.StatusAsync()).Code);
    }

    [Fact]
    public async Task Who_is_known_counts_no_more()
    {
        await using XdsTestServer server = await XdsTestServer.StartAsync(connections: new ConnectionLimits { UnidentifiedPerAddress = 1 });
        List<XdsStream> proxies = [];
        for (int proxy = 0; proxy < 3; proxy++)
        {
            proxies.Add(XdsStream.Open(server, proxy % 2 == 0 ? Transport.Ads : Transport.AdsDelta));
            await proxies[^1].SubscribeAsync("roots/a");
            await WaitAsync(() => server.Xds.Streams.Count == proxies.Count && server.Gate.Unidentified == 0);
        }

        Assert.Equal(0, server.Gate.Unidentified);
        foreach (XdsStream proxy in proxies)
        {
            await proxy.DisposeAsync();
        }

        await WaitAsync(() => server.Xds.Streams.Count == 0);
        Assert.Equal(0, server.Gate.Unidentified);
    }

    [Fact]
    public async Task Who_says_nothing_or_hangs_up_costs_no_more_than_a_socket()
    {
        await using XdsTestServer server = await XdsTestServer.StartAsync();
        using Socket silent = await ConnectAsync(server);
        using (await ConnectAsync(server))
        using (Socket local = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
        {
            await local.ConnectAsync(new UnixDomainSocketEndPoint(server.SocketPath));
            await WaitAsync(() => server.Gate.Unidentified == 3);
        }

        await WaitAsync(() => server.Gate.Unidentified == 1);
        using Socket other = await GreetAsync(server);
        await AnsweredAsync(other);
        Assert.Equal(1, server.Served);

        await silent.SendAsync(new Frames().Settings().Bytes);
        await AnsweredAsync(silent);
        Assert.Equal(2, server.Served);
    }

    [Fact]
    public async Task So_many_of_an_address_are_served_at_a_time_and_the_others_wait_for_their_turn()
    {
        await using XdsTestServer server = await XdsTestServer.StartAsync();
        List<Socket> sockets = [];

        // Who is known has left its place to another.
        using GrpcChannel channel = server.Connect(unix: false);
        await using XdsStream proxy = XdsStream.Open(server, Transport.Ads, channel);
        await proxy.SubscribeAsync("roots/a");
        await WaitAsync(() => server.Xds.Streams.Count == 1);
        for (int i = 0; i < ConnectionGate.ServedPerAddress; i++)
        {
            sockets.Add(await GreetAsync(server));
            await AnsweredAsync(sockets[^1]);
        }

        int served = server.Served;
        using Socket next = await GreetAsync(server);
        await WaitAsync(() => server.Gate.Waiting == 1);
        using Socket gone = await GreetAsync(server);
        await WaitAsync(() => server.Gate.Waiting == 2);
        using Socket last = await GreetAsync(server);
        await WaitAsync(() => server.Gate.Waiting == 3);
        using Socket other = await GreetAsync(server, from: "127.0.0.2");
        await AnsweredAsync(other);
        Assert.Equal(served + 1, server.Served);

        // Nothing is set up for one who has hung up meanwhile.
        gone.Close();
        sockets[0].Close();
        await AnsweredAsync(next);
        sockets[1].Close();
        await AnsweredAsync(last);
        Assert.Equal(served + 3, server.Served);
        Assert.Equal(0, server.Gate.Waiting);

        server.Fleet.Set("roots/a", TestSecrets.Bundle(1));
        Assert.NotEmpty((await proxy.ReadAsync()).Secrets);
        sockets.ForEach(socket => socket.Dispose());
    }

    [Fact]
    public async Task Waiting_for_a_turn_has_an_end_and_uses_up_no_place()
    {
        ManualTime time = new(s_start);
        await using XdsTestServer server = await XdsTestServer.StartAsync(time: time);
        List<Socket> sockets = [];
        using Socket late = await ConnectAsync(server);
        await WaitAsync(() => server.Gate.Unidentified == 1);
        time.Advance(TimeSpan.FromSeconds(20));
        for (int i = 0; i < ConnectionGate.ServedPerAddress; i++)
        {
            sockets.Add(await GreetAsync(server));
            await AnsweredAsync(sockets[^1]);
        }

        await late.SendAsync(new Frames().Settings().Bytes);
        await WaitAsync(() => server.Gate.Waiting == 1);
        using Socket next = await GreetAsync(server);
        await WaitAsync(() => server.Gate.Waiting == 2);
        time.Advance(TimeSpan.FromSeconds(11));
        await ReadToEndAsync(late).WaitAsync(XdsTestServer.Patience);
        sockets[0].Close();
        await AnsweredAsync(next);
        Assert.Equal(ConnectionGate.ServedPerAddress + 1, server.Served);
        sockets.ForEach(socket => socket.Dispose());
    }

    [Fact]
    public async Task A_server_that_stops_closes_those_that_wait()
    {
        await using XdsTestServer server = await XdsTestServer.StartAsync();
        using Socket silent = await ConnectAsync(server);
        await WaitAsync(() => server.Gate.Unidentified == 1);
        await server.StopAsync();
        await ReadToEndAsync(silent).WaitAsync(XdsTestServer.Patience);
        Assert.Equal(0, server.Gate.Unidentified);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Who_says_nothing_in_time_is_cut_off_and_who_is_known_stays(bool greets)
    {
        ManualTime time = new(s_start);
        await using XdsTestServer server = await XdsTestServer.StartAsync(time: time);
        await using XdsStream proxy = XdsStream.Open(server, Transport.Ads);
        await proxy.SubscribeAsync("roots/a");
        await WaitAsync(() => server.Xds.Streams.Count == 1 && server.Gate.Unidentified == 0);
        using Socket silent = await ConnectAsync(server);
        await WaitAsync(() => server.Gate.Unidentified == 1);
        if (greets)
        {
            await silent.SendAsync(new Frames().Settings().Bytes);
            await AnsweredAsync(silent);
        }

        time.Advance(TimeSpan.FromSeconds(29));
        Assert.Equal(1, server.Gate.Unidentified);
        time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(0, server.Gate.Unidentified);
        await ReadToEndAsync(silent).WaitAsync(XdsTestServer.Patience);
        Assert.Single(server.Log.Lines, line => line.Id == 7002);
        server.Fleet.Set("roots/a", TestSecrets.Bundle(1));
        Assert.NotEmpty((await proxy.ReadAsync()).Secrets);
    }

    [Fact]
    public async Task A_flood_is_cut_its_address_waits_and_who_is_known_stays()
    {
        ManualTime time = new(s_start) { IsMonotonic = true };
        await using XdsTestServer server = await XdsTestServer.StartAsync(time: time);
        await using XdsStream proxy = XdsStream.Open(server, Transport.Ads);
        await proxy.SubscribeAsync("roots/a");
        await WaitAsync(() => server.Xds.Streams.Count == 1 && server.Gate.Unidentified == 0);
        using Socket hostile = await ConnectAsync(server);
        byte[] flood = new Frames().Settings().Repeat(200, (frames, stream) => frames.Headers(stream).Reset(stream)).Bytes;
        try
        {
            await hostile.SendAsync(flood);
        }
        catch (SocketException)
        {
            // It is cut before all has been sent, or after.
        }

        await ReadToEndAsync(hostile).WaitAsync(XdsTestServer.Patience);
        await WaitAsync(() => server.Log.Lines.Any(line => line.Id == 7003));
        LoggedLine cut = Assert.Single(server.Log.Lines, line => line.Id == 7003);
        Assert.Contains("from 127.0.0.1 is cut: it resets streams that it has just opened", cut.Text, StringComparison.Ordinal);

        // One a second; who comes too early is held, or he would come back at once.
        using Socket first = await ConnectAsync(server), second = await ConnectAsync(server);
        await WaitAsync(() => server.Gate is { Unidentified: 1, Held: 1 });
        time.Advance(TimeSpan.FromSeconds(2));
        await WaitAsync(() => server.Gate.Held == 0);
        await Task.WhenAny(ReadToEndAsync(first), ReadToEndAsync(second)).WaitAsync(XdsTestServer.Patience);
        using Socket third = await ConnectAsync(server);
        await WaitAsync(() => server.Gate.Unidentified == 2);

        // A minute later the address is as any other.
        time.Advance(TimeSpan.FromSeconds(58));
        await WaitAsync(() => server.Gate.Unidentified == 0);
        using Socket fourth = await ConnectAsync(server), fifth = await ConnectAsync(server);
        await WaitAsync(() => server.Gate.Unidentified == 2);
        server.Fleet.Set("roots/a", TestSecrets.Bundle(1));
        Assert.NotEmpty((await proxy.ReadAsync()).Secrets);
    }

    [Fact]
    public async Task A_flood_that_comes_back_with_another_connection_begins_where_it_ended()
    {
        await using XdsTestServer server = await XdsTestServer.StartAsync(time: new ManualTime(s_start) { IsMonotonic = true });
        int left = 0;
        while (server.Gate.Resets.TryTake("127.0.0.1"))
        {
            left++;
        }

        using Socket hostile = await ConnectAsync(server);
        await hostile.SendAsync(new Frames().Settings().Headers(1).Reset(1).Bytes);
        await ReadToEndAsync(hostile).WaitAsync(XdsTestServer.Patience);
        Assert.Contains("from 127.0.0.1 is cut: it resets streams", Assert.Single(server.Log.Lines, line => line.Id == 7003).Text, StringComparison.Ordinal);
        Assert.Equal(60_000, left);
    }

    [Theory]
    [InlineData("192.0.2.1", "192.0.2.1")]
    [InlineData("::ffff:192.0.2.1", "192.0.2.1")]
    [InlineData("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64")]
    public void An_IPv6_host_has_one_place_for_all_its_addresses(string address, string counted) =>
        Assert.Equal(counted, CallerAddress.Of(IPAddress.Parse(address)));

    private static async Task<Socket> ConnectAsync(XdsTestServer server, string from = "127.0.0.1")
    {
        Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Parse(from), 0));
        await socket.ConnectAsync(IPAddress.Loopback, new Uri(server.Address).Port);
        return socket;
    }

    private static async Task<Socket> GreetAsync(XdsTestServer server, string from = "127.0.0.1")
    {
        Socket socket = await ConnectAsync(server, from);
        try
        {
            await socket.SendAsync(new Frames().Settings().Bytes);
        }
        catch (SocketException)
        {
            // Closed already.
        }

        return socket;
    }

    private static async Task AnsweredAsync(Socket socket) => Assert.NotEqual(0, await socket.ReceiveAsync(new byte[1]).WaitAsync(XdsTestServer.Patience));

    private static async Task ReadToEndAsync(Socket socket)
    {
        byte[] buffer = new byte[4096];
        try
        {
            while (await socket.ReceiveAsync(buffer) > 0)
            {
            }
        }
        catch (SocketException)
        {
        }
    }

    private static async Task WaitAsync(Func<bool> condition)
    {
        using CancellationTokenSource patience = new(XdsTestServer.Patience);
        while (!condition())
        {
            patience.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }
}
