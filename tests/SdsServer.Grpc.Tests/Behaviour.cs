using Google.Protobuf.Reflection;
using SdsServer.Grpc.Server;
using SdsServer.Grpc.Tests.Protos;

namespace SdsServer.Grpc.Tests;

/// <summary>A service whose handlers a test brings.</summary>
internal static class Behaviour
{
    public static ServiceDescriptor Descriptor { get; } = BehaviourReflection.Descriptor.FindTypeByName<ServiceDescriptor>("Behaviour");

    public static GrpcMethod<Text, Text> Unary { get; } = new(Descriptor, "Unary");

    public static GrpcMethod<Text, Text> ServerStream { get; } = new(Descriptor, "ServerStream");

    public static GrpcMethod<Text, Text> ClientStream { get; } = new(Descriptor, "ClientStream");

    public static GrpcMethod<Text, Text> Duplex { get; } = new(Descriptor, "Duplex");

    public static Task<TestServer> UnaryAsync(Func<Text, ServerCallContext, Task<Text>> handler, Action<GrpcServerOptions>? options = null) =>
        TestServer.StartAsync(routes => routes.MapService(Descriptor, service => service.Unary("Unary", handler)), options);

    public static Task<TestServer> ServerStreamAsync(
        Func<Text, ServerStreamWriter<Text>, ServerCallContext, Task> handler, Action<GrpcServerOptions>? options = null) =>
        TestServer.StartAsync(routes => routes.MapService(Descriptor, service => service.ServerStreaming("ServerStream", handler)), options);

    public static Task<TestServer> DuplexAsync(
        Func<IAsyncEnumerable<Text>, ServerStreamWriter<Text>, ServerCallContext, Task> handler, Action<GrpcServerOptions>? options = null) =>
        TestServer.StartAsync(routes => routes.MapService(Descriptor, service => service.Duplex("Duplex", handler)), options);
}
