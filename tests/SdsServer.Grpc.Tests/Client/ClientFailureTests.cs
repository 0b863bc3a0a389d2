using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using SdsServer.Grpc.Client;
using SdsServer.Grpc.Tests.Interop;
using SdsServer.Grpc.Tests.Protos;
using SdsServer.Grpc.Tests.Wire;

namespace SdsServer.Grpc.Tests.Client;

/// <summary>Servers that are none, or bad ones: the client ends with the right status, and never waits for ever.</summary>
public sealed class ClientFailureTests
{
    [Theory]
    [InlineData(400, StatusCode.Internal)]
    [InlineData(401, StatusCode.Unauthenticated)]
    [InlineData(403, StatusCode.PermissionDenied)]
    [InlineData(404, StatusCode.Unimplemented)]
    [InlineData(429, StatusCode.Unavailable)]
    [InlineData(502, StatusCode.Unavailable)]
    [InlineData(503, StatusCode.Unavailable)]
    [InlineData(504, StatusCode.Unavailable)]
    [InlineData(500, StatusCode.Unknown)]
    [InlineData(200, StatusCode.Unknown)]
    public Task An_HTTP_answer_without_gRPC(int http, StatusCode status) => EndsAsync(status, context =>
    {
        context.Response.StatusCode = http;
        context.Response.ContentType = "text/html";
        return context.Response.WriteAsync("<html>proxy</html>");
    });

    [Fact]
    public Task A_stream_without_a_status() => EndsAsync(StatusCode.Internal, context => RespondAsync(context, "0000000000", status: null));

    [Fact]
    public Task A_status_that_is_no_number() => EndsAsync(StatusCode.Unknown, context => RespondAsync(context, "0000000000", "oops"));

    [Fact]
    public Task No_message_and_OK() => EndsAsync(StatusCode.Internal, context => RespondAsync(context, "", "0"));

    [Fact]
    public Task Two_messages() => EndsAsync(StatusCode.Internal, context => RespondAsync(context, "00000000000000000000", "0"));

    [Fact]
    public Task A_message_that_is_too_long() => EndsAsync(StatusCode.ResourceExhausted, context => RespondAsync(context, "00FFFFFFFF", "0"));

    [Fact]
    public Task A_message_that_is_cut_off() => EndsAsync(StatusCode.Internal, context => RespondAsync(context, "0000000009AA", "0"));

    [Fact]
    public Task A_stream_that_is_reset() => EndsAsync(StatusCode.Internal, async context =>
    {
        await RespondAsync(context, "00000000", status: null);
        context.Features.Get<Microsoft.AspNetCore.Http.Features.IHttpResetFeature>()!.Reset(2);
    });

    [Fact]
    public Task A_call_that_is_refused() => EndsAsync(StatusCode.Unavailable, context =>
    {
        context.Features.Get<Microsoft.AspNetCore.Http.Features.IHttpResetFeature>()!.Reset(7);
        return Task.CompletedTask;
    });

    [Fact]
    public async Task A_compressed_response_is_read()
    {
        byte[] frame = MessageReaderTests.Frame(1, MessageReaderTests.Gzipped([.. "\n\u0005hello"u8]));
        await WithServerAsync(
            context =>
            {
                context.Response.Headers["grpc-encoding"] = "gzip";
                return RespondAsync(context, Convert.ToHexString(frame), "0");
            },
            async channel => Assert.Equal("hello", (await channel.UnaryAsync(Behaviour.Unary, new Text()).InTime()).Text_));
    }

    // The server has its say before the request is through; that is the status, not the broken write. Many rounds: a write that
    // was left waiting for room hung in one of fifty.
    [Fact]
    public async Task A_refusal_while_the_request_is_still_under_way()
    {
        await using TestServer server = await Behaviour.UnaryAsync((request, _) => Task.FromResult(request));
        using GrpcChannel channel = server.Channel();
        for (int round = 0; round < 50; round++)
        {
            await InteropClient.FailsAsync(
                StatusCode.ResourceExhausted, () => channel.UnaryAsync(Behaviour.Unary, new Text { Text_ = new string('x', 8_000_000) }).InTime());
        }
    }

    [Theory]
    [InlineData("http://127.0.0.1:{0}")]
    [InlineData("unix:///nowhere/at-all.sock")]
    public async Task Nobody_there(string address)
    {
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        int port = ((IPEndPoint)listener.LocalEndpoint).Port;
        listener.Stop();
        using GrpcChannel channel = GrpcChannel.ForAddress(string.Format(System.Globalization.CultureInfo.InvariantCulture, address, port));
        await InteropClient.FailsAsync(StatusCode.Unavailable, () => channel.UnaryAsync(Behaviour.Unary, new Text()).InTime());
        await using var duplex = channel.Duplex(Behaviour.Duplex);
        await InteropClient.FailsAsync(StatusCode.Unavailable, () => duplex.WriteAsync(new Text()).InTime());
        await InteropClient.FailsAsync(StatusCode.Unavailable, async () => await duplex.ReadAsync());
    }

    [Fact]
    public async Task A_server_that_dies_in_mid_stream()
    {
        await using TestServer server = await Behaviour.DuplexAsync(async (requests, responses, context) =>
        {
            await responses.WriteAsync(new Text());
            context.HttpContext.Features.Get<Microsoft.AspNetCore.Connections.Features.IConnectionLifetimeFeature>()!.Abort();
            await Task.Delay(Timeout.Infinite, context.CancellationToken);
        });
        using GrpcChannel channel = server.Channel();
        await using var call = channel.Duplex(Behaviour.Duplex);
        await InteropClient.FailsAsync(StatusCode.Unavailable, async () =>
        {
            while (await call.ReadAsync() is not null)
            {
            }
        });

        // The channel connects again by itself.
        await channel.UnaryAsync(InteropClient.EmptyCall, new Empty()).InTime();
    }

    [Theory]
    [InlineData("127.0.0.1:80")]
    [InlineData("ftp://x")]
    [InlineData("")]
    public void An_address_that_is_none(string address) => Assert.Throws<ArgumentException>(() => GrpcChannel.ForAddress(address));

    private static async Task RespondAsync(HttpContext context, string hex, string? status)
    {
        context.Response.ContentType = "application/grpc";
        await context.Response.Body.WriteAsync(Convert.FromHexString(hex));
        await context.Response.Body.FlushAsync();
        if (status is not null)
        {
            context.Response.AppendTrailer("grpc-status", status);
        }
    }

    private static Task EndsAsync(StatusCode status, RequestDelegate respond) => WithServerAsync(
        respond, channel => InteropClient.FailsAsync(status, () => channel.UnaryAsync(Behaviour.Unary, new Text()).InTime()));

    private static async Task WithServerAsync(RequestDelegate respond, Func<GrpcChannel, Task> test)
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(
            kestrel => kestrel.Listen(IPAddress.Loopback, 0, endpoint => endpoint.Protocols = HttpProtocols.Http2));
        await using WebApplication app = builder.Build();
        app.Run(respond);
        await app.StartAsync();
        using GrpcChannel channel = GrpcChannel.ForAddress(app.Urls.Single());
        await test(channel);
    }
}
