using System.Buffers;
using System.IO.Pipelines;
using System.Text;
using SdsServer.Grpc.Authority;
using SdsServer.Grpc.Client;
using SdsServer.Grpc.Tests.Interop;
using SdsServer.Testing;

namespace SdsServer.Grpc.Tests.Authority;

public sealed class AuthorityTests
{
    private const string Path = "/grpc.testing.TestService/FullDuplexCall";

    // Envoy cluster names, C-core and old Go clients on Unix sockets, and plain nonsense.
    public static TheoryData<string> Odd =>
    [
        "outbound|443||sds.istio-system.svc.cluster.local", "sds_cluster|x", "%2Ftmp%2Fx.sock", "/tmp/x.sock", "unix:/tmp/x", ":5000", "localhost:",
        "a@b", "a b", "*", "a+b=c,d;e?f",
    ];

    public static TheoryData<string> Usual => ["sds", "sds_cluster", "sds-grpc", "localhost:15012", "[::1]:80", "10.0.0.1", ""];

    [Theory]
    [MemberData(nameof(Odd))]
    [MemberData(nameof(Usual))]
    public async Task Any_authority_is_served(string authority)
    {
        await using TestServer server = await TestServer.StartAsync();
        await using RawHttp2Connection raw = await RawHttp2Connection.ConnectAsync(server.SocketPath);
        await raw.SendHeadersAsync(1, Path, authority, end: true);
        Assert.Contains("grpc-status", await raw.EndOfAsync(1), StringComparison.Ordinal);
    }

    // In the table of the connection now, then referred to by its index: the lengths must agree for that to work.
    [Theory]
    [MemberData(nameof(Odd))]
    [MemberData(nameof(Usual))]
    public async Task Any_authority_is_served_Huffman_coded_and_indexed(string authority)
    {
        await using TestServer server = await TestServer.StartAsync();
        await using RawHttp2Connection raw = await RawHttp2Connection.ConnectAsync(server.SocketPath);
        byte[] rest = RawHttp2Connection.HeaderBlock((":method", "POST"), (":scheme", "http"), (":path", Path), ("content-type", "application/grpc"));
        byte[] coded = HuffmanCodeTests.Encode(authority);
        await raw.SendAsync(RawHttp2Connection.Headers, 5, 1, (byte[])[0x41, (byte)(0x80 | coded.Length), .. coded, .. rest]);
        Assert.Contains("grpc-status", await raw.EndOfAsync(1), StringComparison.Ordinal);
        await raw.SendAsync(RawHttp2Connection.Headers, 5, 3, (byte[])[0x80 | 62, .. rest]);

        // The same trailer as before, now by its index in the server's table.
        Assert.Equal("\u00be", await raw.EndOfAsync(3));
    }

    [Theory]
    [MemberData(nameof(Odd))]
    public async Task Kestrel_alone_refuses_them(string authority)
    {
        await using TestServer server = await TestServer.StartAsync(listen: _ => { });
        await using RawHttp2Connection raw = await RawHttp2Connection.ConnectAsync(server.SocketPath);
        await raw.SendHeadersAsync(1, Path, authority, end: true);
        Assert.Equal("RST 1", await raw.EndOfAsync(1));
    }

    [Theory]
    [MemberData(nameof(Usual))]
    public void What_Kestrel_takes_stays_as_it_is(string authority)
    {
        byte[] literal = [0x01, (byte)authority.Length, .. Encoding.ASCII.GetBytes(authority)];
        Assert.False(AuthorityRepair.Repair(literal));
        byte[] coded = HuffmanCodeTests.Encode(authority);
        Assert.False(AuthorityRepair.Repair([0x01, (byte)(0x80 | coded.Length), .. coded]));
    }

    [Fact]
    public async Task Padding_priority_and_frames_in_pieces_change_nothing()
    {
        await using TestServer server = await TestServer.StartAsync();
        await using RawHttp2Connection raw = await RawHttp2Connection.ConnectAsync(server.SocketPath);
        byte[] block = RawHttp2Connection.HeaderBlock(
            (":method", "POST"), (":scheme", "http"), (":path", Path), (":authority", "a|b"), ("content-type", "application/grpc"));
        await raw.SendInPiecesAsync(RawHttp2Connection.Headers, 1 | 4 | 8 | 32, 1, (byte[])[3, 0, 0, 0, 0, 15, .. block, 0, 0, 0]);
        Assert.Contains("grpc-status", await raw.EndOfAsync(1), StringComparison.Ordinal);
    }

    // Whatever comes, and in whatever pieces: as many bytes out as in, and never an exception.
    [Fact]
    public async Task Random_bytes_go_through_in_full()
    {
        Random random = new(20260101);
        for (int round = 0; round < 500; round++)
        {
            byte[] sent = new byte[random.Next(2000)];
            random.NextBytes(sent);
            if (round % 2 == 0)
            {
                sent = [.. "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8, 0, 0, (byte)random.Next(256), 1, (byte)random.Next(64), 0, 0, 0, 1, .. sent];
            }

            Pipe pipe = new();
            AuthorityRepairingReader reader = new(pipe.Reader);
            Task<int> received = CountAsync(reader);
            for (int at = 0; at < sent.Length;)
            {
                int piece = Math.Min(random.Next(1, 60), sent.Length - at);
                await pipe.Writer.WriteAsync(sent.AsMemory(at, piece));
                at += piece;
            }

            await pipe.Writer.CompleteAsync();
            Assert.Equal(sent.Length, await received.WaitAsync(TimeSpan.FromSeconds(20)));
        }
    }

    [RealProgramFact("grpcurl")]
    public async Task Grpcurl_may_send_a_cluster_name()
    {
        await using TestServer server = await TestServer.StartAsync();
        (int exitCode, string output) = await RealProgram.RunAsync(
            "grpcurl", ["-plaintext", "-authority", "outbound|443||sds/x", $"127.0.0.1:{server.Address.Port}", "list"], TimeSpan.FromSeconds(90));
        Assert.True(exitCode == 0, output);
    }

    private static async Task<int> CountAsync(PipeReader reader)
    {
        int count = 0;
        while (true)
        {
            ReadResult result = await reader.ReadAsync();
            count += (int)result.Buffer.Length;
            reader.AdvanceTo(result.Buffer.End);
            if (result.IsCompleted)
            {
                return count;
            }
        }
    }
}
