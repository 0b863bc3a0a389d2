using System.Net;
using System.Net.Sockets;
using System.Text;
using Google.Protobuf;
using SdsServer.Limits;
using SdsServer.Protos.Envoy.Discovery.V3;
using SdsServer.Testing;
using SdsServer.Tests.Xds;

namespace SdsServer.Tests.Limits;

/// <summary>Whoever sends messages that never become whole, beside proxies that do.</summary>
public sealed class HalfSentMessageTests
{
    private const string Path = "/envoy.service.secret.v3.SecretDiscoveryService/StreamSecrets";
    private const int Long = 100_000;

    // More than a stream counts as that has sent nothing.
    private const int Half = 12_000;
    private const int Opening = 8 * 1024;

    private static readonly byte[] s_first = new DiscoveryRequest { Node = XdsStream.Node, ResourceNames = { "roots/a" } }.ToByteArray();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_message_must_be_whole_in_time(bool isSecond)
    {
        ManualTime time = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero)) { IsMonotonic = true };
        await using XdsTestServer server = await XdsTestServer.StartAsync(time: time);
        await using XdsStream proxy = XdsStream.Open(server, Transport.Ads);
        await proxy.SubscribeAsync("roots/a");
        await WaitAsync(() => server.Xds.Streams.Count == 1);
        using Socket slow = await ConnectAsync(server);
        Frames frames = Client().Call(1, Path);
        if (isSecond)
        {
            await slow.SendAsync(frames.Message(1, s_first).Take());
            await WaitAsync(() => server.Xds.Streams.Count == 2 && server.Gate.Receiving.Taken == 0);
        }

        await slow.SendAsync(frames.Begin(1, Long, Half).Take());
        await WaitAsync(() => server.Gate.Receiving.Taken == Half);
        time.Advance(TimeSpan.FromSeconds(11));
        await ReadToAsync(slow, "a message was not whole within 00:00:10");
        await WaitAsync(() => server.Xds.Streams.Count == 1 && server.Gate.Receiving.Taken == 0);

        // Who is between two messages has all the time.
        server.Fleet.Set("roots/a", TestSecrets.Bundle(1));
        await proxy.ReadAndAckAsync();
    }

    [Fact]
    public async Task A_stream_that_says_nothing_yet_counts_too()
    {
        await using XdsTestServer server = await XdsTestServer.StartAsync(connections: new ConnectionLimits { PartialPerConnection = 2 * Opening });
        using Socket hostile = await ConnectAsync(server);
        Frames frames = Client().Call(1, Path).Call(3, Path);
        await hostile.SendAsync(frames.Take());
        await WaitAsync(() => server.Gate.Receiving.Taken == 2 * Opening);
        await hostile.SendAsync(frames.Call(5, Path).Take());
        await ReadToAsync(hostile, "too much of messages that are not whole");

        await hostile.SendAsync(frames.Message(1, s_first).Take());
        await WaitAsync(() => server.Xds.Streams.Count == 1);
        await hostile.SendAsync(frames.Call(7, Path).Message(7, s_first).Take());
        await WaitAsync(() => server.Xds.Streams.Count == 2);
        Assert.Equal(Opening, server.Gate.Receiving.Taken);
    }

    [Theory]
    [InlineData("connection")]
    [InlineData("address")]
    [InlineData("all")]
    public async Task What_is_here_of_them_has_a_budget(string of)
    {
        ConnectionLimits limits = of switch
        {
            "connection" => new() { PartialPerConnection = Half + 100 },
            "address" => new() { PartialPerAddress = Half + 100 },
            _ => new() { Partial = Half + 100 },
        };
        await using XdsTestServer server = await XdsTestServer.StartAsync(connections: limits);
        using Socket first = await ConnectAsync(server);
        Frames frames = Client().Call(1, Path).Begin(1, Long, Half);
        await first.SendAsync(frames.Take());
        await WaitAsync(() => server.Gate.Receiving.Taken == Half);

        // What it grows by is over it, and so is one more beside it.
        using Socket second = of == "all" ? await ConnectLocallyAsync(server) : of == "address" ? await ConnectAsync(server) : first;
        await second.SendAsync((second == first ? frames : Client()).Call(3, Path).Take());
        await ReadToAsync(second, "too much of messages that are not whole");
        Assert.Equal(Half, server.Gate.Receiving.Taken);
        await first.SendAsync(frames.Data(1, 1_000).Take());
        await ReadToAsync(first, "too much of messages that are not whole");

        // All is as before then.
        await WaitAsync(() => server.Gate.Receiving.Taken == 0);
        await using XdsStream proxy = XdsStream.Open(server, Transport.Ads);
        await proxy.SubscribeAsync("roots/a");
        await WaitAsync(() => server.Xds.Streams.Count == 1);
    }

    [Fact]
    public async Task Another_address_has_its_own()
    {
        await using XdsTestServer server = await XdsTestServer.StartAsync(connections: new ConnectionLimits { PartialPerAddress = Half });
        using Socket hostile = await ConnectAsync(server);
        await hostile.SendAsync(Client().Call(1, Path).Begin(1, Long, Half).Take());
        await WaitAsync(() => server.Gate.Receiving.Taken == Half);
        await using XdsStream proxy = XdsStream.Open(server, Transport.Sotw);
        await proxy.SubscribeAsync("roots/a");
        await WaitAsync(() => server.Xds.Streams.Count == 1);
    }

    [Fact]
    public async Task A_connection_that_ends_gives_back_what_it_has()
    {
        await using XdsTestServer server = await XdsTestServer.StartAsync();
        using Socket hostile = await ConnectAsync(server);
        await hostile.SendAsync(Client().Call(1, Path).Begin(1, Long, Half).Take());
        await WaitAsync(() => server.Gate.Receiving.Taken == Half);
        hostile.Close();
        await WaitAsync(() => server.Gate.Receiving.Taken == 0);
    }

    [Fact]
    public async Task A_request_is_a_quarter_of_a_mebibyte_at_most()
    {
        await using XdsTestServer server = await XdsTestServer.StartAsync();
        using Socket hostile = await ConnectAsync(server);
        await hostile.SendAsync(Client().Call(1, Path).Begin(1, (256 * 1024) + 1, 5).Take());
        await ReadToAsync(hostile, "over the limit of 262144");
    }

    // Without a table of headers: what the server says twice comes as text twice.
    private static Frames Client() => new Frames().Add(4, 0, 0, 0, 1, 0, 0, 0, 0);

    private static async Task<Socket> ConnectAsync(XdsTestServer server)
    {
        Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPAddress.Loopback, new Uri(server.Address).Port);
        return socket;
    }

    private static async Task<Socket> ConnectLocallyAsync(XdsTestServer server)
    {
        Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(server.SocketPath));
        return socket;
    }

    // Kestrel sends the text of a status as it is, without Huffman coding.
    private static async Task ReadToAsync(Socket socket, string text)
    {
        using CancellationTokenSource patience = new(XdsTestServer.Patience);
        StringBuilder received = new();
        byte[] buffer = new byte[4096];
        while (!received.ToString().Contains(text, StringComparison.Ordinal))
        {
            int read = await socket.ReceiveAsync(buffer, patience.Token);
            Assert.True(read > 0, $"the connection has ended: {received}");
            received.Append(Encoding.Latin1.GetString(buffer, 0, read));
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
