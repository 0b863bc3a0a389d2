using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;
using System.Globalization;
using System.Net;

namespace SdsServer.Benchmarks.Servers;

/// <summary>The least a Kestrel server can be: what a start of ours is compared with.</summary>
internal static class HelloServer
{
    public const string Command = "hello";

    public static async Task<int> RunAsync(string[] arguments)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
            kestrel.Listen(IPAddress.Loopback, int.Parse(arguments[0], CultureInfo.InvariantCulture), listener => listener.Protocols = HttpProtocols.Http2));
        WebApplication app = builder.Build();
        app.Run(http => http.Response.Body.WriteAsync(new byte[5]).AsTask()); // an empty gRPC message
        await app.RunAsync();
        return 0;
    }
}
