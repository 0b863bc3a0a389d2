using Google.Protobuf.Reflection;
using SdsServer.Grpc.Health;
using SdsServer.Grpc.Reflection;

namespace SdsServer.Grpc.Server;

/// <summary>The services one <see cref="GrpcApplication.UseGrpc"/> serves.</summary>
public sealed class GrpcRoutes
{
    private readonly List<ServiceDescriptor> _services = [];

    internal GrpcRoutes()
    {
    }

    internal Dictionary<string, CallHandler> Handlers { get; } = new(StringComparer.Ordinal);

    internal HashSet<string> ServiceNames => [.. _services.Select(service => service.FullName)];

    /// <param name="service">From the generated file descriptor: <c>FooReflection.Descriptor.FindTypeByName&lt;ServiceDescriptor&gt;("Foo")</c>.</param>
    /// <param name="bind">Binds a handler to each method.</param>
    /// <exception cref="ArgumentException">A binding does not fit the descriptor, or the service is mapped already.</exception>
    public GrpcRoutes MapService(ServiceDescriptor service, Action<GrpcServiceBuilder> bind)
    {
        if (_services.Contains(service))
        {
            throw new ArgumentException($"Service {service.FullName} is mapped already.", nameof(service));
        }

        bind(new GrpcServiceBuilder(service, Handlers));
        _services.Add(service);
        return this;
    }

    /// <summary>grpc.health.v1.Health, answering from <paramref name="health"/>.</summary>
    public GrpcRoutes MapHealth(HealthService health) => MapService(HealthService.Descriptor, health.Bind);

    /// <summary>grpc.reflection.v1 and v1alpha over every service mapped here, before or after this line.</summary>
    public GrpcRoutes MapReflection()
    {
        ReflectionService reflection = new(_services);
        return MapService(ReflectionService.Descriptor, reflection.Bind).MapService(ReflectionService.AlphaDescriptor, reflection.BindAlpha);
    }
}
