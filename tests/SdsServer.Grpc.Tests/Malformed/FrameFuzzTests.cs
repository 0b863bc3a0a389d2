using Microsoft.Extensions.Logging;
using SdsServer.Grpc.Client;
using SdsServer.Grpc.Tests.Interop;
using SdsServer.Grpc.Tests.Protos;
using SdsServer.Grpc.Tests.Wire;

namespace SdsServer.Grpc.Tests.Malformed;

/// <summary>Random nonsense at two depths. The seed is fixed, so a failure comes back.</summary>
public sealed class FrameFuzzTests
{
    private static readonly string[] s_methods = ["UnaryCall", "StreamingInputCall", "StreamingOutputCall", "FullDuplexCall", "EmptyCall"];

    // gRPC messages cut, flipped and mixed, on good HTTP/2: every stream gets an end.
    [Fact]
    public async Task Every_stream_ends_whatever_messages_it_carries()
    {
        Random random = new(7);
        await using TestServer server = await TestServer.StartAsync();
        byte[] good = MessageReaderTests.Frame(0, Google.Protobuf.MessageExtensions.ToByteArray(InteropClient.Ask(20, 5, 7)));
        await using RawHttp2Connection raw = await RawHttp2Connection.ConnectAsync(server.Address);
        for (int round = 0; round < 2000; round++)
        {
            int stream = (2 * round) + 1;
            (string, string)[] encoding = random.Next(4) == 0 ? [("grpc-encoding", "gzip")] : [];
            await raw.SendHeadersAsync(stream, $"/grpc.testing.TestService/{s_methods[random.Next(s_methods.Length)]}", more: encoding);
            byte[] body = [.. good, .. good];
            for (int change = random.Next(5); change > 0; change--)
            {
                body[random.Next(random.Next(2) == 0 ? 5 : body.Length)] = (byte)random.Next(256);
            }

            await raw.SendAsync(RawHttp2Connection.Data, RawHttp2Connection.EndStream, stream, body.AsMemory(0, random.Next(body.Length + 1)));
            string end = await raw.EndOfAsync(stream).InTime();
            Assert.False(end.StartsWith("RST", StringComparison.Ordinal) || end.StartsWith("GOAWAY", StringComparison.Ordinal) || end == "closed", $"round {round}: {end}");
        }

        Assert.DoesNotContain(server.Log.Lines, line => line.Level >= LogLevel.Error);
    }

    // Random frames: the connection may go, the server may not.
    [Fact]
    public async Task The_server_outlives_random_frames()
    {
        Random random = new(8);
        await using TestServer server = await TestServer.StartAsync();
        byte[] types = [0, 1, 2, 3, 4, 6, 7, 8, 9, 200];
        for (int round = 0; round < 200; round++)
        {
            await using RawHttp2Connection raw = await RawHttp2Connection.ConnectAsync(server.SocketPath);
            try
            {
                await raw.SendHeadersAsync(1, "/grpc.testing.TestService/FullDuplexCall", "a|b");
                for (int frame = random.Next(20); frame > 0; frame--)
                {
                    byte[] payload = new byte[random.Next(60)];
                    random.NextBytes(payload);
                    await raw.SendAsync(types[random.Next(types.Length)], (byte)random.Next(256), random.Next(4), payload);
                }
            }
            catch (IOException)
            {
                // The server has had enough of it.
            }
        }

        using GrpcChannel channel = server.Channel();
        await channel.UnaryAsync(InteropClient.EmptyCall, new Empty()).InTime();
        Assert.DoesNotContain(server.Log.Lines, line => line.Level >= LogLevel.Error);
    }
}
