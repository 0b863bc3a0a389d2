using System.Buffers;
using Google.Protobuf;
using SdsServer.Grpc.Client;
using SdsServer.Grpc.Server;
using SdsServer.Grpc.Tests.Protos;

namespace SdsServer.Grpc.Tests.Server;

public sealed class EncodedMessageTests
{
    [Fact]
    public async Task One_encoding_serves_many_streams_each_with_its_own_prefix()
    {
        byte[] shared = new Text { Text_ = new string('s', 70_000) }.ToByteArray();
        await using TestServer server = await Behaviour.ServerStreamAsync(async (request, responses, _) =>
            await responses.WriteAsync(new EncodedMessage(new Text { Nonce = request.Nonce }.ToByteArray(), shared)));
        using GrpcChannel channel = server.Channel();
        await Task.WhenAll(Enumerable.Range(0, 50).Select(async i =>
        {
            await using var call = await channel.ServerStreamingAsync(Behaviour.ServerStream, new Text { Nonce = $"n{i}" });
            Text? response = await call.ReadAsync();
            Assert.Equal($"n{i}", response?.Nonce);
            Assert.Equal(70_000, response?.Text_.Length);
            Assert.Null(await call.ReadAsync());
        })).InTime();
    }

    [Fact]
    public async Task A_service_may_bring_its_own_parser()
    {
        int parsed = 0;
        MessageParser<Text> parser = Text.Parser.WithDiscardUnknownFields(true);
        await using TestServer server = await TestServer.StartAsync(routes => routes.MapService(Behaviour.Descriptor, service =>
            service.Unary<Text, Text>("Unary", (request, _) => Task.FromResult(request), Parse)));
        using GrpcChannel channel = server.Channel();
        Assert.Equal("x", (await channel.UnaryAsync(Behaviour.Unary, new Text { Text_ = "x" })).Text_);
        Assert.Equal(1, parsed);

        Text Parse(ReadOnlySequence<byte> bytes)
        {
            parsed++;
            return parser.ParseFrom(bytes);
        }
    }

    [Fact]
    public void Its_length_is_that_of_all_pieces() => Assert.Equal(5, new EncodedMessage(new byte[2], new byte[3]).Length);
}
