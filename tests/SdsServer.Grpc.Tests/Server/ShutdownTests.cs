using SdsServer.Grpc.Client;
using SdsServer.Grpc.Health.V1;
using SdsServer.Grpc.Tests.Interop;
using SdsServer.Grpc.Tests.Protos;

namespace SdsServer.Grpc.Tests.Server;

/// <summary>The host's limit for a shutdown is three minutes here; none of these may come near it.</summary>
public sealed class ShutdownTests
{
    private static readonly GrpcMethod<HealthCheckRequest, HealthCheckResponse> s_watch =
        new(HealthReflection.Descriptor.FindTypeByName<Google.Protobuf.Reflection.ServiceDescriptor>("Health"), "Watch");

    private static readonly TimeSpan s_soon = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task A_watch_does_not_delay_it()
    {
        await using TestServer server = await TestServer.StartAsync();
        using GrpcChannel channel = server.Channel();
        await using var call = await channel.ServerStreamingAsync(s_watch, new HealthCheckRequest());
        Assert.NotNull(await call.ReadAsync());
        await server.StopAsync().WaitAsync(s_soon);
        await InteropClient.FailsAsync(StatusCode.Unavailable, async () => await call.ReadAsync());
    }

    [Fact]
    public async Task A_handler_that_heeds_only_its_token_ends_after_the_grace()
    {
        await using TestServer server = await Behaviour.DuplexAsync(
            async (requests, responses, _) =>
            {
                await foreach (Text request in requests)
                {
                    await responses.WriteAsync(request);
                }
            },
            options => options.StreamShutdownGrace = TimeSpan.FromMilliseconds(100));
        using GrpcChannel channel = server.Channel();
        await using var call = channel.Duplex(Behaviour.Duplex);
        await call.WriteAsync(new Text());
        Assert.NotNull(await call.ReadAsync());
        await server.StopAsync().WaitAsync(s_soon);
        await InteropClient.FailsAsync(StatusCode.Unavailable, async () => await call.ReadAsync());
    }

    [Fact]
    public async Task A_unary_call_is_finished_first()
    {
        TaskCompletionSource inside = new();
        TaskCompletionSource goOn = new();
        await using TestServer server = await Behaviour.UnaryAsync(
            async (request, context) =>
            {
                inside.SetResult();
                await goOn.Task;
                context.CancellationToken.ThrowIfCancellationRequested();
                return request;
            },
            options => options.StreamShutdownGrace = TimeSpan.Zero);
        using GrpcChannel channel = server.Channel();
        Task<Text> call = channel.UnaryAsync(Behaviour.Unary, new Text { Text_ = "last" });
        await inside.Task.InTime();
        await using var stream = channel.Duplex(InteropClient.FullDuplex);
        await stream.WriteAsync(InteropClient.Ask(1, 1));
        Assert.NotNull(await stream.ReadAsync());

        Task stop = server.StopAsync();
        await InteropClient.FailsAsync(StatusCode.Unavailable, async () => await stream.ReadAsync());
        goOn.SetResult();
        Assert.Equal("last", (await call.InTime()).Text_);
        await stop.WaitAsync(s_soon);
    }

    [Fact]
    public async Task Clients_are_told_with_GOAWAY()
    {
        await using TestServer server = await TestServer.StartAsync();
        await using RawHttp2Connection raw = await RawHttp2Connection.ConnectAsync(server.Address);
        await raw.SendHeadersAsync(1, "/grpc.testing.TestService/FullDuplexCall", end: true);
        await raw.EndOfAsync(1);
        Task stop = server.StopAsync();
        Assert.Equal("GOAWAY 0", await raw.EndOfAsync(3).InTime());
        await stop.WaitAsync(s_soon);
    }
}
