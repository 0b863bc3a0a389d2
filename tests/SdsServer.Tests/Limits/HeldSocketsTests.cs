using System.Net.Sockets;
using SdsServer.Limits;
using SdsServer.Testing;
using SdsServer.Testing.Processes;
using SdsServer.Tests.Xds;

namespace SdsServer.Tests.Limits;

/// <summary>Connections that were refused come back neither at once nor together.</summary>
public sealed class HeldSocketsTests : IDisposable
{
    private static readonly TimeSpan s_hold = TimeSpan.FromSeconds(2);

    private readonly ManualTime _time = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero)) { IsMonotonic = true };
    private readonly Socket _listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly TemporaryDirectory _directory = new("sdsserver-held");
    private readonly List<Socket> _clients = [];

    public HeldSocketsTests()
    {
        _listener.Bind(new UnixDomainSocketEndPoint(_directory.PathOf("held.sock")));
        _listener.Listen(100);
    }

    public void Dispose()
    {
        _clients.ForEach(client => client.Dispose());
        _listener.Dispose();
        _directory.Dispose();
    }

    [Fact]
    public async Task Each_is_held_for_its_time_and_those_that_came_together_are_closed_ten_at_a_time()
    {
        HeldSockets held = new(s_hold, most: 100, _time);
        for (int i = 0; i < 25; i++)
        {
            held.Add(Accepted());
        }

        _time.Advance(s_hold - TimeSpan.FromMilliseconds(1));
        Assert.Equal(25, held.Count);
        _time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal(15, held.Count);
        await IsClosedAsync(_clients[9]);
        _time.Advance(TimeSpan.FromMilliseconds(20));
        _time.Advance(TimeSpan.FromMilliseconds(20));
        Assert.Equal(0, held.Count);
        await IsClosedAsync(_clients[24]);
        held.Add(Accepted());
        _time.Advance(s_hold);
        Assert.Equal(0, held.Count);
    }

    [Fact]
    public async Task One_more_than_there_may_be_and_the_oldest_is_closed()
    {
        HeldSockets held = new(s_hold, most: 2, _time);
        held.Add(Accepted());
        held.Add(Accepted());
        Assert.Equal(2, held.Count);
        held.Add(Accepted());
        Assert.Equal(2, held.Count);
        await IsClosedAsync(_clients[0]);
        Assert.False(_clients[1].Poll(0, SelectMode.SelectRead));
    }

    private Socket Accepted()
    {
        Socket client = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        _clients.Add(client);
        client.Connect(_listener.LocalEndPoint!);
        return _listener.Accept();
    }

    private static async Task IsClosedAsync(Socket client) => Assert.Equal(0, await client.ReceiveAsync(new byte[1]).WaitAsync(XdsTestServer.Patience));
}
