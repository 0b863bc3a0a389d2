using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using SdsServer.Testing.Pki;

namespace SdsServer.Tests.Identity.Jwt;

/// <summary>A real HTTPS server for the name <c>localhost</c> that answers as the test says.</summary>
internal sealed class TlsWeb : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly X509Certificate2 _certificate;

    private TlsWeb(WebApplication app, X509Certificate2 certificate) => (_app, _certificate) = (app, certificate);

    /// <summary>Requests as <c>PATH TOKEN</c>, oldest first.</summary>
    public List<string> Requests { get; } = [];

    /// <summary>Path to status and body, or the address to go to.</summary>
    public Dictionary<string, (int Status, string Body)> Answers { get; } = [];

    public string Address => $"https://localhost:{new Uri(_app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single()).Port}";

    public static async Task<TlsWeb> StartAsync(ScratchAuthority authority)
    {
        (string chain, string key) = authority.Issue(dns: "localhost");
        X509Certificate2 certificate = X509Certificate2.CreateFromPem(chain, key);
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration()
            .ConfigureKestrel(kestrel => kestrel.Listen(System.Net.IPAddress.Loopback, 0, endpoint => endpoint.UseHttps(certificate)));
        WebApplication app = builder.Build();
        TlsWeb web = new(app, certificate);
        app.Run(web.HandleAsync);
        await app.StartAsync();
        return web;
    }

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        _certificate.Dispose();
    }

    private async Task HandleAsync(HttpContext http)
    {
        lock (Requests)
        {
            Requests.Add($"{http.Request.Path} {http.Request.Headers.Authorization}".TrimEnd());
        }

        (http.Response.StatusCode, string body) = Answers.GetValueOrDefault(http.Request.Path, (404, ""));
        if (http.Response.StatusCode is >= 300 and < 400)
        {
            http.Response.Headers.Location = body;
            return;
        }

        await http.Response.WriteAsync(body);
    }
}
