using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace SdsServer.Grpc.Server;

/// <summary>gRPC as a part of an ASP.NET Core application.</summary>
public static class GrpcApplication
{
    /// <summary>
    /// Answers the mapped services' paths and every other request whose content type is gRPC (UNIMPLEMENTED); all else goes on to the next
    /// middleware. Several of these, each in its own <c>MapWhen</c> branch, keep the services of different listeners apart. Settings come
    /// from <see cref="GrpcServerOptions"/> as configured in the container, the clock from a registered <see cref="TimeProvider"/>.
    /// </summary>
    /// <exception cref="ArgumentException">A handler does not fit its service's descriptor.</exception>
    public static IApplicationBuilder UseGrpc(this IApplicationBuilder app, Action<GrpcRoutes> map)
    {
        GrpcRoutes routes = new();
        map(routes);
        GrpcServer server = new(
            routes,
            app.ApplicationServices.GetRequiredService<IOptions<GrpcServerOptions>>().Value,
            app.ApplicationServices.GetService<TimeProvider>() ?? TimeProvider.System,
            app.ApplicationServices.GetRequiredService<ILogger<GrpcServer>>(),
            app.ApplicationServices.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping);
        return app.Use(next => http => server.InvokeAsync(http, next));
    }
}
