using Google.Protobuf;
using Google.Protobuf.Reflection;
using SdsServer.Grpc.Server;
using SdsServer.Grpc.Tests.Protos;

namespace SdsServer.Grpc.Tests.Interop;

/// <summary>grpc.testing.TestService as gRPC's interop test descriptions want it.</summary>
internal static class InteropService
{
    private const string EchoInitial = "x-grpc-test-echo-initial";
    private const string EchoTrailing = "x-grpc-test-echo-trailing-bin";

    public static ServiceDescriptor Descriptor { get; } = TestReflection.Descriptor.FindTypeByName<ServiceDescriptor>("TestService");

    public static void Bind(GrpcServiceBuilder service) => service
        .Unary<Empty, Empty>("EmptyCall", static (_, _) => Task.FromResult(new Empty()))
        .Unary<SimpleRequest, SimpleResponse>("UnaryCall", UnaryAsync)
        .ServerStreaming<StreamingOutputCallRequest, StreamingOutputCallResponse>("StreamingOutputCall", AnswerAsync)
        .ClientStreaming<StreamingInputCallRequest, StreamingInputCallResponse>("StreamingInputCall", AggregateAsync)
        .Duplex<StreamingOutputCallRequest, StreamingOutputCallResponse>("FullDuplexCall", FullDuplexAsync);

    private static async Task<SimpleResponse> UnaryAsync(SimpleRequest request, ServerCallContext context)
    {
        await EchoAsync(context);
        ThrowWanted(request.ResponseStatus);
        return new SimpleResponse { Payload = Zeros(request.ResponseSize), ServerId = request.FillServerId ? "sdsserver" : "" };
    }

    private static async Task AnswerAsync(
        StreamingOutputCallRequest request, ServerStreamWriter<StreamingOutputCallResponse> responses, ServerCallContext context)
    {
        ThrowWanted(request.ResponseStatus);
        foreach (ResponseParameters wanted in request.ResponseParameters)
        {
            if (wanted.Size is < 0 or > 1_000_000 || wanted.IntervalUs is < 0 or > 1_000_000)
            {
                throw new RpcException(StatusCode.InvalidArgument, "a size or an interval is out of bounds");
            }

            await Task.Delay(TimeSpan.FromMicroseconds(wanted.IntervalUs), context.CancellationToken);
            await responses.WriteAsync(new StreamingOutputCallResponse { Payload = Zeros(wanted.Size) });
        }
    }

    private static async Task<StreamingInputCallResponse> AggregateAsync(
        IAsyncEnumerable<StreamingInputCallRequest> requests, ServerCallContext context)
    {
        StreamingInputCallResponse response = new();
        await foreach (StreamingInputCallRequest request in requests)
        {
            response.AggregatedPayloadSize += request.Payload?.Body.Length ?? 0;
        }

        return response;
    }

    private static async Task FullDuplexAsync(
        IAsyncEnumerable<StreamingOutputCallRequest> requests, ServerStreamWriter<StreamingOutputCallResponse> responses, ServerCallContext context)
    {
        await EchoAsync(context);
        await foreach (StreamingOutputCallRequest request in requests)
        {
            await AnswerAsync(request, responses, context);
        }
    }

    private static async Task EchoAsync(ServerCallContext context)
    {
        foreach (MetadataEntry entry in context.RequestHeaders.GetAll(EchoTrailing))
        {
            context.ResponseTrailers.Add(entry.Key, entry.ValueBytes);
        }

        if (context.RequestHeaders.GetValue(EchoInitial) is { } initial)
        {
            await context.WriteResponseHeadersAsync(new Metadata { { EchoInitial, initial } });
        }
    }

    private static void ThrowWanted(EchoStatus? status)
    {
        if (status is { Code: not 0 })
        {
            throw new RpcException((StatusCode)status.Code, status.Message);
        }
    }

    private static Payload Zeros(int size) => new() { Body = UnsafeByteOperations.UnsafeWrap(new byte[size]) };
}
