using SdsServer.Grpc.Server;
using SdsServer.Grpc.Tests.Interop;
using SdsServer.Grpc.Tests.Protos;

namespace SdsServer.Grpc.Tests.Server;

/// <summary>A handler that does not fit its method is found at start, with a message that says what would.</summary>
public sealed class RegistrationTests
{
    [Fact]
    public void An_unknown_method() => Fails(
        "has no method 'EmptyCal'; it has EmptyCall,", service => service.Unary<Empty, Empty>("EmptyCal", (_, _) => Task.FromResult(new Empty())));

    [Fact]
    public void Other_message_types() => Fails(
        "takes grpc.testing.SimpleRequest and returns grpc.testing.SimpleResponse, not Empty and Empty",
        service => service.Unary<Empty, Empty>("UnaryCall", (_, _) => Task.FromResult(new Empty())));

    [Fact]
    public void Another_shape() => Fails(
        "/grpc.testing.TestService/EmptyCall is unary, not server streaming",
        service => service.ServerStreaming<Empty, Empty>("EmptyCall", (_, _, _) => Task.CompletedTask));

    [Fact]
    public void A_second_handler() => Fails(
        "has a handler already",
        service => service.Unary<Empty, Empty>("EmptyCall", (_, _) => Task.FromResult(new Empty())).Unary<Empty, Empty>("EmptyCall", (_, _) => Task.FromResult(new Empty())));

    [Fact]
    public async Task A_service_mapped_twice() => Assert.Contains(
        "is mapped already",
        (await Assert.ThrowsAsync<ArgumentException>(() => TestServer.StartAsync(routes => routes.MapService(InteropService.Descriptor, InteropService.Bind)))).Message,
        StringComparison.Ordinal);

    private static void Fails(string message, Action<GrpcServiceBuilder> bind) => Assert.Contains(
        message, Assert.Throws<ArgumentException>(() => bind(new GrpcServiceBuilder(InteropService.Descriptor, []))).Message, StringComparison.Ordinal);
}
