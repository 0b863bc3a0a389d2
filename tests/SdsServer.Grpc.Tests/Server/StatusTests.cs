using Microsoft.Extensions.Logging;
using SdsServer.Grpc.Client;
using SdsServer.Grpc.Server;
using SdsServer.Grpc.Tests.Interop;
using SdsServer.Grpc.Tests.Protos;

namespace SdsServer.Grpc.Tests.Server;

public sealed class StatusTests
{
    [Fact]
    public async Task An_RpcException_travels_with_its_trailers()
    {
        byte[] details = [8, 5, 18, 1, 120];
        await using TestServer server = await Behaviour.UnaryAsync((_, context) =>
        {
            context.ResponseTrailers.Add("from-context", "1");
            throw new RpcException(StatusCode.NotFound, "no such thing: 100 %", new Metadata { { "grpc-status-details-bin", details } });
        });
        RpcException error = await FailAsync(server, StatusCode.NotFound);
        Assert.Equal("no such thing: 100 %", error.Status.Detail);
        Assert.Equal(details, error.Trailers.GetValueBytes("grpc-status-details-bin"));
        Assert.Equal("1", error.Trailers.GetValue("from-context"));
    }

    [Fact]
    public async Task After_the_first_message_the_status_comes_in_trailers()
    {
        await using TestServer server = await Behaviour.DuplexAsync(async (_, responses, context) =>
        {
            await responses.WriteAsync(new Text { Text_ = "one" });
            context.ResponseTrailers.Add("left", "2");
            throw new RpcException(StatusCode.Aborted, "enough");
        });
        using GrpcChannel channel = server.Channel();
        await using var call = channel.Duplex(Behaviour.Duplex);
        Assert.Equal("one", (await call.ReadAsync())?.Text_);
        RpcException error = await InteropClient.FailsAsync(StatusCode.Aborted, async () => await call.ReadAsync());
        Assert.Equal("2", error.Trailers.GetValue("left"));
        Assert.Equal(StatusCode.Aborted, (await Assert.ThrowsAsync<RpcException>(async () => await call.ReadAsync())).StatusCode);
    }

    [Fact]
    public async Task The_hook_maps_the_applications_exceptions()
    {
        await using TestServer server = await Behaviour.UnaryAsync(
            (_, _) => throw new FileNotFoundException("gone"),
            options => options.StatusOf = error => error is FileNotFoundException ? new Status(StatusCode.NotFound, error.Message) : null);
        Assert.Equal("gone", (await FailAsync(server, StatusCode.NotFound)).Status.Detail);
        Assert.DoesNotContain(server.Log.Lines, line => line.Level >= LogLevel.Error);
    }

    [Fact]
    public async Task An_unknown_exception_tells_the_client_nothing_and_the_log_everything()
    {
        await using TestServer server = await Behaviour.UnaryAsync((_, _) => throw new InvalidOperationException("the password is 1234"));
        RpcException error = await FailAsync(server, StatusCode.Internal);
        Assert.Equal("internal error; see the server's log", error.Status.Detail);
        var line = Assert.Single(server.Log.Lines, line => line.Level == LogLevel.Error);
        Assert.Contains("the password is 1234", line.Text, StringComparison.Ordinal);
        Assert.Equal(1100, line.Id);
    }

    [Fact]
    public async Task A_handlers_own_timeout_is_an_error_not_a_cancellation()
    {
        await using TestServer server = await Behaviour.UnaryAsync((_, _) => throw new TaskCanceledException("the database took too long"));
        await FailAsync(server, StatusCode.Internal);
    }

    // The transport may report the loss before the request's token fires.
    [Fact]
    public async Task A_client_that_has_left_is_no_error_of_the_handler()
    {
        await using TestServer server = await Behaviour.UnaryAsync((_, _) => throw new ClientGoneException());
        await FailAsync(server, StatusCode.Cancelled);
        Assert.DoesNotContain(server.Log.Lines, line => line.Level >= LogLevel.Error);
    }

    [Fact]
    public async Task Response_headers_go_once_and_before_the_first_message()
    {
        await using TestServer server = await Behaviour.UnaryAsync(async (request, context) =>
        {
            await context.WriteResponseHeadersAsync(new Metadata { { "a", "1" }, { "a", "2" }, { "b-bin", [255] } });
            await Assert.ThrowsAsync<InvalidOperationException>(() => context.WriteResponseHeadersAsync([]));
            return request;
        });
        using GrpcChannel channel = server.Channel();
        await using var call = channel.Start(Behaviour.Unary);
        await call.WriteAsync(new Text());
        call.Complete();
        Metadata headers = await call.ResponseHeadersAsync();
        Assert.Equal(["1", "2"], headers.GetAll("a").Select(entry => entry.Value));
        Assert.Equal([255], headers.GetValueBytes("b-bin"));
        await call.ResponseAsync();
    }

    [Fact]
    public async Task Request_metadata_arrives()
    {
        Metadata? received = null;
        await using TestServer server = await Behaviour.UnaryAsync((request, context) =>
        {
            received = context.RequestHeaders;
            Assert.Equal("/sdsserver.test.Behaviour/Unary", context.Method);
            Assert.Null(context.Deadline);
            return Task.FromResult(request);
        });
        using GrpcChannel channel = server.Channel();
        Metadata sent = new() { { "authorization", "Bearer x" }, { "data-bin", [1, 2, 3] } };
        await channel.UnaryAsync(Behaviour.Unary, new Text(), new CallOptions(sent));
        Assert.Equal("Bearer x", received?.GetValue("authorization"));
        Assert.Equal([1, 2, 3], received?.GetValueBytes("data-bin"));
        Assert.StartsWith("grpc-dotnet-sdsserver/", received?.GetValue("user-agent"), StringComparison.Ordinal);
    }

    private static async Task<RpcException> FailAsync(TestServer server, StatusCode code)
    {
        using GrpcChannel channel = server.Channel();
        return await InteropClient.FailsAsync(code, () => channel.UnaryAsync(Behaviour.Unary, new Text()));
    }
}
