using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace SdsServer.Tests.Hosting;

/// <summary>A real HTTP server on a free port of this machine that answers as the test says.</summary>
internal sealed class LocalWeb : IAsyncDisposable
{
    private readonly WebApplication _app;

    private LocalWeb(WebApplication app) => _app = app;

    /// <summary>Requests as <c>METHOD PATH BODY</c>, oldest first.</summary>
    public List<string> Requests { get; } = [];

    /// <summary>Status and body of the next answers; null never answers.</summary>
    public Func<(int Status, string Body)?> Answer { get; set; } = () => (200, "{}");

    /// <summary>Of the next answers, whatever their header says.</summary>
    public Encoding Encoding { get; set; } = Encoding.UTF8;

    /// <summary>The header of the next answers.</summary>
    public string ContentType { get; set; } = "application/json";

    public Uri Address => new(_app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single());

    public static async Task<LocalWeb> StartAsync()
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        WebApplication app = builder.Build();
        LocalWeb web = new(app);
        app.Run(web.HandleAsync);
        await app.StartAsync();
        return web;
    }

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();

    private async Task HandleAsync(HttpContext http)
    {
        using StreamReader body = new(http.Request.Body);
        string text = $"{http.Request.Method} {http.Request.Path} {await body.ReadToEndAsync()}".TrimEnd();
        lock (Requests)
        {
            Requests.Add(text);
        }

        if (Answer() is not var (status, answer))
        {
            await Task.Delay(Timeout.Infinite, http.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            return;
        }

        http.Response.StatusCode = status;
        http.Response.Headers.Location = "/elsewhere";
        http.Response.ContentType = ContentType;
        await http.Response.WriteAsync(answer, Encoding);
    }
}
