using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace SdsServer.Testing.Envoy;

/// <summary>The application behind a server sidecar: answers every request with its own path.</summary>
public sealed class EchoApp : IAsyncDisposable
{
    private readonly WebApplication _app;

    private EchoApp(WebApplication app) => _app = app;

    public int Port => new Uri(_app.Urls.Single()).Port;

    public static async Task<EchoApp> StartAsync()
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0").ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.KeepAliveTimeout = TimeSpan.FromHours(1);
        });
        WebApplication app = builder.Build();
        app.Run(context =>
        {
            string path = context.Request.Path.Value!;
            context.Response.ContentLength = path.Length;
            return context.Response.WriteAsync(path);
        });
        await app.StartAsync();
        return new EchoApp(app);
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();
}
