using SdsServer.Grpc.Client;
using SdsServer.Grpc.Server;
using SdsServer.Grpc.Tests.Interop;
using SdsServer.Grpc.Tests.Protos;

namespace SdsServer.Grpc.Tests.Server;

public sealed class CancellationTests
{
    [Fact]
    public async Task A_client_that_resets_its_call_cancels_the_handler()
    {
        TaskCompletionSource<Exception> ended = new();
        await using TestServer server = await Behaviour.DuplexAsync((requests, responses, context) => EchoAsync(requests, responses, ended));
        using GrpcChannel channel = server.Channel();
        await using (var call = channel.Duplex(Behaviour.Duplex))
        {
            await call.WriteAsync(new Text { Text_ = "a" });
            Assert.Equal("a", (await call.ReadAsync())?.Text_);
        }

        Assert.IsAssignableFrom<OperationCanceledException>(await ended.Task.InTime());
        Assert.DoesNotContain(server.Log.Lines, line => line.Level >= Microsoft.Extensions.Logging.LogLevel.Error);
    }

    [Fact]
    public async Task A_connection_that_breaks_cancels_every_handler_on_it()
    {
        int cancelled = 0;
        await using TestServer server = await Behaviour.ServerStreamAsync(async (_, responses, context) =>
        {
            await responses.WriteAsync(new Text());
            try
            {
                await Task.Delay(Timeout.Infinite, context.CancellationToken);
            }
            finally
            {
                Interlocked.Increment(ref cancelled);
            }
        });
        await using (RawHttp2Connection raw = await RawHttp2Connection.ConnectAsync(server.Address))
        {
            for (int stream = 1; stream < 20; stream += 2)
            {
                await raw.SendHeadersAsync(stream, Behaviour.ServerStream.Path);
                await raw.SendAsync(RawHttp2Connection.Data, RawHttp2Connection.EndStream, stream, new byte[5]);
            }

            for (int begun = 0; begun < 10;)
            {
                var frame = await raw.ReadAsync();
                Assert.NotNull(frame);
                begun += frame.Value.Type == RawHttp2Connection.Data ? 1 : 0;
            }
        }

        await TimeLimit.UntilAsync(() => Volatile.Read(ref cancelled) == 10);
    }

    [Fact]
    public async Task The_deadline_cancels_the_handler_and_is_the_status()
    {
        ServerCallContext? seen = null;
        await using TestServer server = await Behaviour.DuplexAsync(async (requests, _, context) =>
        {
            seen = context;
            await foreach (Text request in requests)
            {
            }
        });
        await using RawHttp2Connection raw = await RawHttp2Connection.ConnectAsync(server.Address);
        await raw.SendHeadersAsync(1, Behaviour.Duplex.Path, more: [("grpc-timeout", "50m")]);
        string end = await raw.EndOfAsync(1).InTime();
        Assert.Contains("grpc-status\u00014", end, StringComparison.Ordinal);
        Assert.NotNull(seen?.Deadline);
    }

    [Fact]
    public async Task An_answer_after_the_deadline_is_too_late()
    {
        await using TestServer server = await Behaviour.UnaryAsync(async (request, context) =>
        {
            await Task.Delay(Timeout.Infinite, context.CancellationToken).ContinueWith(_ => { }, TaskScheduler.Default);
            return request;
        });
        await using RawHttp2Connection raw = await RawHttp2Connection.ConnectAsync(server.Address);
        await raw.SendHeadersAsync(1, Behaviour.Unary.Path, more: [("grpc-timeout", "50m")]);
        await raw.SendAsync(RawHttp2Connection.Data, RawHttp2Connection.EndStream, 1, new byte[5]);
        Assert.Contains("grpc-status\u00014", await raw.EndOfAsync(1).InTime(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_calls_token_fires_when_the_handler_has_returned()
    {
        CancellationToken token = default;
        await using TestServer server = await Behaviour.UnaryAsync((request, context) =>
        {
            token = context.CancellationToken;
            return Task.FromResult(request);
        });
        using GrpcChannel channel = server.Channel();
        await channel.UnaryAsync(Behaviour.Unary, new Text());
        await TimeLimit.UntilAsync(() => token.IsCancellationRequested);
    }

    // The client's windows are full: only a cancelled write ends this, and it must take the call with it.
    [Fact]
    public async Task A_write_to_a_client_that_does_not_read_can_be_cancelled()
    {
        TaskCompletionSource<Exception> ended = new();
        await using TestServer server = await Behaviour.ServerStreamAsync(async (_, responses, context) =>
        {
            using CancellationTokenSource slow = new();
            try
            {
                Text large = new() { Text_ = new string('x', 100_000) };
                while (true)
                {
                    Task write = responses.WriteAsync(large, slow.Token);
                    if (!write.IsCompleted)
                    {
                        slow.CancelAfter(TimeSpan.FromMilliseconds(300));
                    }

                    await write;
                    Assert.True(slow.TryReset());
                }
            }
            catch (Exception error)
            {
                ended.SetResult(error);
                throw;
            }
        });
        await using RawHttp2Connection raw = await RawHttp2Connection.ConnectAsync(server.Address);
        await raw.SendHeadersAsync(1, Behaviour.ServerStream.Path);
        await raw.SendAsync(RawHttp2Connection.Data, RawHttp2Connection.EndStream, 1, new byte[5]);
        Assert.IsAssignableFrom<OperationCanceledException>(await ended.Task.InTime());
        Assert.StartsWith("RST", await raw.EndOfAsync(1).InTime(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Two_writes_at_once_are_refused()
    {
        TaskCompletionSource<Exception?> second = new();
        await using TestServer server = await Behaviour.ServerStreamAsync(async (_, responses, context) =>
        {
            Text large = new() { Text_ = new string('x', 1_000_000) };
            Task first = responses.WriteAsync(large);
            second.SetResult(await Record.ExceptionAsync(() => responses.WriteAsync(new Text())));
            await first;
        });
        using GrpcChannel channel = server.Channel();
        await using var call = await channel.ServerStreamingAsync(Behaviour.ServerStream, new Text());
        Assert.IsType<InvalidOperationException>(await second.Task.InTime());
        Assert.Equal(1_000_000, (await call.ReadAsync())?.Text_.Length);
        Assert.Null(await call.ReadAsync());
    }

    private static async Task EchoAsync(IAsyncEnumerable<Text> requests, ServerStreamWriter<Text> responses, TaskCompletionSource<Exception> ended)
    {
        try
        {
            await foreach (Text request in requests)
            {
                await responses.WriteAsync(request);
            }
        }
        catch (Exception error)
        {
            ended.SetResult(error);
            throw;
        }
    }
}
