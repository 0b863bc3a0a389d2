using System.Buffers;
using System.IO.Pipelines;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using SdsServer.Grpc.Wire;

namespace SdsServer.Grpc.Server;

/// <summary>
/// Binds handlers to the methods of one service. A name, message type or call shape the service's descriptor does not have throws here,
/// at start. A method without a handler answers UNIMPLEMENTED. <c>parse</c> replaces the default parser (recursion limit 100, unknown
/// fields kept); a request it cannot parse is an <see cref="InvalidProtocolBufferException"/>.
/// </summary>
public sealed class GrpcServiceBuilder
{
    private readonly ServiceDescriptor _service;
    private readonly Dictionary<string, CallHandler> _handlers;
    private int? _maxRequestSize;

    internal GrpcServiceBuilder(ServiceDescriptor service, Dictionary<string, CallHandler> handlers) => (_service, _handlers) = (service, handlers);

    /// <summary>Bytes of one request message, of the methods that are bound after this.</summary>
    public GrpcServiceBuilder LimitRequests(int bytes)
    {
        _maxRequestSize = bytes;
        return this;
    }

    public GrpcServiceBuilder Unary<TRequest, TResponse>(
        string method, Func<TRequest, ServerCallContext, Task<TResponse>> handler, Func<ReadOnlySequence<byte>, TRequest>? parse = null)
        where TRequest : class, IMessage<TRequest>, new()
        where TResponse : class, IMessage<TResponse>, new()
    {
        parse ??= Parse<TRequest>;
        return Bind<TRequest, TResponse>(method, false, false, async (requests, output, context) =>
        {
            TRequest request = await ReadOneAsync(requests, parse, context);
            TResponse response = await handler(request, context);
            await Respond<TResponse>(output, context).WriteAsync(response);
        });
    }

    public GrpcServiceBuilder ServerStreaming<TRequest, TResponse>(
        string method,
        Func<TRequest, ServerStreamWriter<TResponse>, ServerCallContext, Task> handler,
        Func<ReadOnlySequence<byte>, TRequest>? parse = null)
        where TRequest : class, IMessage<TRequest>, new()
        where TResponse : class, IMessage<TResponse>, new()
    {
        parse ??= Parse<TRequest>;
        return Bind<TRequest, TResponse>(method, false, true, async (requests, output, context) =>
            await handler(await ReadOneAsync(requests, parse, context), Respond<TResponse>(output, context), context));
    }

    public GrpcServiceBuilder ClientStreaming<TRequest, TResponse>(
        string method,
        Func<IAsyncEnumerable<TRequest>, ServerCallContext, Task<TResponse>> handler,
        Func<ReadOnlySequence<byte>, TRequest>? parse = null)
        where TRequest : class, IMessage<TRequest>, new()
        where TResponse : class, IMessage<TResponse>, new()
    {
        parse ??= Parse<TRequest>;
        return Bind<TRequest, TResponse>(method, true, false, async (requests, output, context) =>
        {
            TResponse response = await handler(requests.ReadAllAsync(parse, context.CancellationToken), context);
            await Respond<TResponse>(output, context).WriteAsync(response);
        });
    }

    public GrpcServiceBuilder Duplex<TRequest, TResponse>(
        string method,
        Func<IAsyncEnumerable<TRequest>, ServerStreamWriter<TResponse>, ServerCallContext, Task> handler,
        Func<ReadOnlySequence<byte>, TRequest>? parse = null)
        where TRequest : class, IMessage<TRequest>, new()
        where TResponse : class, IMessage<TResponse>, new()
    {
        parse ??= Parse<TRequest>;
        return Bind<TRequest, TResponse>(method, true, true, (requests, output, context) =>
            handler(requests.ReadAllAsync(parse, context.CancellationToken), Respond<TResponse>(output, context), context));
    }

    private GrpcServiceBuilder Bind<TRequest, TResponse>(
        string method, bool clientStreaming, bool serverStreaming, Func<MessageReader, PipeWriter, ServerCallContext, Task> run)
        where TRequest : class, IMessage<TRequest>, new()
        where TResponse : class, IMessage<TResponse>, new()
    {
        string path = new GrpcMethod<TRequest, TResponse>(_service, method).RequireShape(clientStreaming, serverStreaming).Path;
        return _handlers.TryAdd(path, new(path, clientStreaming || serverStreaming, _maxRequestSize, run))
            ? this
            : throw new ArgumentException($"{path} has a handler already.", nameof(method));
    }

    private static ServerStreamWriter<TResponse> Respond<TResponse>(PipeWriter output, ServerCallContext context)
        where TResponse : class, IMessage<TResponse> => new(output, context.CancellationToken);

    private static async ValueTask<TRequest> ReadOneAsync<TRequest>(
        MessageReader requests, Func<ReadOnlySequence<byte>, TRequest> parse, ServerCallContext context)
        where TRequest : class
    {
        TRequest? request = await requests.ReadAsync(parse, context.CancellationToken);
        return request is not null && await requests.ReadAsync(parse, context.CancellationToken) is null
            ? request
            : throw new RpcException(StatusCode.Internal, $"the call takes one request message, {(request is null ? "none" : "several")} came");
    }

    private static TRequest Parse<TRequest>(ReadOnlySequence<byte> bytes)
        where TRequest : class, IMessage<TRequest>, new()
    {
        TRequest request = new();
        request.MergeFrom(bytes);
        return request;
    }
}
