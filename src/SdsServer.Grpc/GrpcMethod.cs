using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace SdsServer.Grpc;

/// <summary>One method of a service, checked against the service's descriptor; used by servers and by clients.</summary>
public sealed class GrpcMethod<TRequest, TResponse>
    where TRequest : class, IMessage<TRequest>, new()
    where TResponse : class, IMessage<TResponse>, new()
{
    private readonly MethodDescriptor _descriptor;

    /// <exception cref="ArgumentException">The service has no such method, or it takes or returns other messages.</exception>
    public GrpcMethod(ServiceDescriptor service, string name)
    {
        _descriptor = service.FindMethodByName(name) ?? throw new ArgumentException(
            $"Service {service.FullName} has no method '{name}'; it has {string.Join(", ", service.Methods.Select(m => m.Name))}.", nameof(name));
        if (_descriptor.InputType.ClrType != typeof(TRequest) || _descriptor.OutputType.ClrType != typeof(TResponse))
        {
            throw new ArgumentException(
                $"{service.FullName}/{name} takes {_descriptor.InputType.FullName} and returns {_descriptor.OutputType.FullName}, "
                + $"not {typeof(TRequest).Name} and {typeof(TResponse).Name}.", nameof(name));
        }

        Path = $"/{service.FullName}/{name}";
    }

    /// <summary>The HTTP/2 path, <c>/package.Service/Method</c>.</summary>
    public string Path { get; }

    public bool IsClientStreaming => _descriptor.IsClientStreaming;

    public bool IsServerStreaming => _descriptor.IsServerStreaming;

    /// <exception cref="ArgumentException">The descriptor declares another call shape.</exception>
    internal GrpcMethod<TRequest, TResponse> RequireShape(bool clientStreaming, bool serverStreaming) =>
        (IsClientStreaming, IsServerStreaming) == (clientStreaming, serverStreaming)
            ? this
            : throw new ArgumentException(
                $"{Path} is {Shape(IsClientStreaming, IsServerStreaming)}, not {Shape(clientStreaming, serverStreaming)}.");

    private static string Shape(bool clientStreaming, bool serverStreaming) => (clientStreaming, serverStreaming) switch
    {
        (false, false) => "unary",
        (false, true) => "server streaming",
        (true, false) => "client streaming",
        (true, true) => "duplex",
    };
}
