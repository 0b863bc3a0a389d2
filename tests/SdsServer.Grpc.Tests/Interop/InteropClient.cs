using Google.Protobuf;
using SdsServer.Grpc.Client;
using SdsServer.Grpc.Tests.Protos;

namespace SdsServer.Grpc.Tests.Interop;

/// <summary>The client's side of gRPC's interop test cases, with our client.</summary>
internal static class InteropClient
{
    public static readonly GrpcMethod<Empty, Empty> EmptyCall = new(InteropService.Descriptor, "EmptyCall");
    public static readonly GrpcMethod<SimpleRequest, SimpleResponse> UnaryCall = new(InteropService.Descriptor, "UnaryCall");
    public static readonly GrpcMethod<Empty, Empty> UnimplementedCall = new(InteropService.Descriptor, "UnimplementedCall");
    public static readonly GrpcMethod<StreamingInputCallRequest, StreamingInputCallResponse> StreamingInput = new(InteropService.Descriptor, "StreamingInputCall");
    public static readonly GrpcMethod<StreamingOutputCallRequest, StreamingOutputCallResponse> StreamingOutput = new(InteropService.Descriptor, "StreamingOutputCall");
    public static readonly GrpcMethod<StreamingOutputCallRequest, StreamingOutputCallResponse> FullDuplex = new(InteropService.Descriptor, "FullDuplexCall");
    public static readonly GrpcMethod<Empty, Empty> UnimplementedService = new(
        TestReflection.Descriptor.FindTypeByName<Google.Protobuf.Reflection.ServiceDescriptor>("UnimplementedService"), "UnimplementedCall");

    private static readonly int[] s_requestSizes = [27182, 8, 1828, 45904];
    private static readonly int[] s_responseSizes = [31415, 9, 2653, 58979];

    public static readonly IReadOnlyDictionary<string, Func<GrpcChannel, Task>> Cases = new Dictionary<string, Func<GrpcChannel, Task>>
    {
        ["empty_unary"] = async channel => Assert.Equal(new Empty(), await channel.UnaryAsync(EmptyCall, new Empty())),
        ["large_unary"] = async channel => Assert.Equal(314159, (await channel.UnaryAsync(UnaryCall, Large())).Payload.Body.Length),
        ["client_streaming"] = ClientStreamingAsync,
        ["server_streaming"] = ServerStreamingAsync,
        ["ping_pong"] = PingPongAsync,
        ["empty_stream"] = EmptyStreamAsync,
        ["custom_metadata"] = CustomMetadataAsync,
        ["status_code_and_message"] = channel => StatusAsync(channel, "test status message"),
        ["special_status_message"] = channel => StatusAsync(channel, "\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n"),
        ["unimplemented_method"] = channel => FailsAsync(StatusCode.Unimplemented, () => channel.UnaryAsync(UnimplementedCall, new Empty())),
        ["unimplemented_service"] = channel => FailsAsync(StatusCode.Unimplemented, () => channel.UnaryAsync(UnimplementedService, new Empty())),
        ["cancel_after_begin"] = CancelAfterBeginAsync,
        ["cancel_after_first_response"] = CancelAfterFirstResponseAsync,
        ["timeout_on_sleeping_server"] = TimeoutAsync,
    };

    public static async Task<RpcException> FailsAsync(StatusCode code, Func<Task> call)
    {
        RpcException error = await Assert.ThrowsAsync<RpcException>(call);
        Assert.True(code == error.StatusCode, $"{code} was to come: {error}");
        return error;
    }

    public static StreamingOutputCallRequest Ask(int requestSize, params int[] responseSizes)
    {
        StreamingOutputCallRequest request = new() { Payload = Zeros(requestSize) };
        request.ResponseParameters.AddRange(responseSizes.Select(size => new ResponseParameters { Size = size }));
        return request;
    }

    public static Payload Zeros(int size) => new() { Body = ByteString.CopyFrom(new byte[size]) };

    private static SimpleRequest Large() => new() { ResponseSize = 314159, Payload = Zeros(271828) };

    private static async Task ClientStreamingAsync(GrpcChannel channel)
    {
        await using var call = channel.ClientStreaming(StreamingInput);
        foreach (int size in s_requestSizes)
        {
            await call.WriteAsync(new StreamingInputCallRequest { Payload = Zeros(size) });
        }

        call.Complete();
        Assert.Equal(74922, (await call.ResponseAsync()).AggregatedPayloadSize);
    }

    private static async Task ServerStreamingAsync(GrpcChannel channel)
    {
        await using var call = await channel.ServerStreamingAsync(StreamingOutput, Ask(0, s_responseSizes));
        List<int> sizes = [];
        await foreach (StreamingOutputCallResponse response in call.ReadAllAsync())
        {
            sizes.Add(response.Payload.Body.Length);
        }

        Assert.Equal(s_responseSizes, sizes);
    }

    private static async Task PingPongAsync(GrpcChannel channel)
    {
        await using var call = channel.Duplex(FullDuplex);
        foreach ((int request, int response) in s_requestSizes.Zip(s_responseSizes))
        {
            await call.WriteAsync(Ask(request, response));
            Assert.Equal(response, (await call.ReadAsync())?.Payload.Body.Length);
        }

        call.Complete();
        Assert.Null(await call.ReadAsync());
    }

    private static async Task EmptyStreamAsync(GrpcChannel channel)
    {
        await using var call = channel.Duplex(FullDuplex);
        call.Complete();
        Assert.Null(await call.ReadAsync());
    }

    private static async Task CustomMetadataAsync(GrpcChannel channel)
    {
        Metadata headers = new() { { "x-grpc-test-echo-initial", "test_initial_metadata_value" }, { "x-grpc-test-echo-trailing-bin", [0xab, 0xab, 0xab] } };
        await using (var unary = channel.Start(UnaryCall, new CallOptions(headers)))
        {
            await unary.WriteAsync(Large());
            unary.Complete();
            await unary.ResponseAsync();
            await HasEchoAsync(unary);
        }

        await using var duplex = channel.Duplex(FullDuplex, new CallOptions(headers));
        await duplex.WriteAsync(Ask(271828, 314159));
        duplex.Complete();
        await duplex.ResponseAsync();
        await HasEchoAsync(duplex);
    }

    private static async Task HasEchoAsync<TRequest, TResponse>(ClientCall<TRequest, TResponse> call)
        where TRequest : class, IMessage<TRequest>, new()
        where TResponse : class, IMessage<TResponse>, new()
    {
        Assert.Equal("test_initial_metadata_value", (await call.ResponseHeadersAsync()).GetValue("x-grpc-test-echo-initial"));
        Assert.Equal([0xab, 0xab, 0xab], call.Trailers.GetValueBytes("x-grpc-test-echo-trailing-bin"));
    }

    private static async Task StatusAsync(GrpcChannel channel, string message)
    {
        EchoStatus status = new() { Code = 2, Message = message };
        RpcException unary = await FailsAsync(StatusCode.Unknown, () => channel.UnaryAsync(UnaryCall, new SimpleRequest { ResponseStatus = status }));
        Assert.Equal(message, unary.Status.Detail);
        await using var duplex = channel.Duplex(FullDuplex);
        await duplex.WriteAsync(new StreamingOutputCallRequest { ResponseStatus = status });
        RpcException streamed = await FailsAsync(StatusCode.Unknown, async () => await duplex.ReadAsync());
        Assert.Equal(message, streamed.Status.Detail);
    }

    private static async Task CancelAfterBeginAsync(GrpcChannel channel)
    {
        using CancellationTokenSource cancel = new();
        await using var call = channel.ClientStreaming(StreamingInput, new CallOptions(CancellationToken: cancel.Token));
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call.ResponseAsync());
    }

    private static async Task CancelAfterFirstResponseAsync(GrpcChannel channel)
    {
        using CancellationTokenSource cancel = new();
        await using var call = channel.Duplex(FullDuplex, new CallOptions(CancellationToken: cancel.Token));
        await call.WriteAsync(Ask(27182, 31415));
        Assert.NotNull(await call.ReadAsync());
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await call.ReadAsync());
    }

    private static async Task TimeoutAsync(GrpcChannel channel)
    {
        await using var call = channel.Duplex(FullDuplex, new CallOptions(Timeout: TimeSpan.FromMilliseconds(1)));
        await FailsAsync(StatusCode.DeadlineExceeded, async () =>
        {
            await call.WriteAsync(new StreamingOutputCallRequest { Payload = Zeros(27182) });
            await call.ReadAsync();
        });
    }
}
