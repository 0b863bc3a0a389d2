using System.Net;
using System.Net.Sockets;
using Google.Protobuf.WellKnownTypes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using SdsServer.Cli.Admin;
using SdsServer.Protos.Admin.V1;

namespace SdsServer.Cli.Demo.Envoys;

/// <summary>
/// Two real Envoys from the shipped bootstraps: plain HTTP goes into the client sidecar, over mutual TLS to the server sidecar, and on to
/// an application. Every request takes a new connection, so it needs a handshake of its own.
/// </summary>
internal sealed class EnvoyPair : IAsyncDisposable
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(20);

    private readonly List<IAsyncDisposable> _parts = [];
    private readonly CancellationTokenSource _stopping = new();
    private readonly HttpClient _client = new(new SocketsHttpHandler { PooledConnectionLifetime = TimeSpan.Zero }) { Timeout = TimeSpan.FromSeconds(15) };
    private readonly TimeProvider _time;
    private readonly List<EnvoyProcess> _envoys = [];
    private Uri _entrance = new("http://127.0.0.1/");
    private Task _traffic = Task.CompletedTask;
    private long _requests;
    private long _failed;
    private string? _firstFailure;

    private EnvoyPair(TimeProvider time) => _time = time;

    public long Requests => Interlocked.Read(ref _requests);

    public long Failed => Interlocked.Read(ref _failed);

    /// <summary>The first request without a proper answer; null while there is none.</summary>
    public string? FirstFailure => Volatile.Read(ref _firstFailure);

    public static async Task<EnvoyPair> StartAsync(CliHost host, AdminClient admin, string socket, string folder, CancellationToken cancellation)
    {
        string program = await EnvoyProgramFile.FindAsync(host, cancellation);
        string bootstraps = Path.Combine(
            Checkout.Find(host.Directory) ?? throw new CliException(ExitCodes.Failure, "--envoy needs a checkout of the repository: the bootstraps are in deploy/envoy"), "deploy", "envoy");
        EnvoyPair pair = new(host.Time);
        try
        {
            await pair.StartAsync(program, bootstraps, admin, socket, folder, cancellation);
            return pair;
        }
        catch
        {
            await pair.DisposeAsync();
            throw;
        }
    }

    /// <summary>Requests without pause from now on.</summary>
    public void Begin() => _traffic = RunAsync();

    /// <exception cref="CliException">One of them is gone.</exception>
    public void ThrowIfExited() => _envoys.ForEach(envoy => envoy.ThrowIfExited());

    public async Task StopTrafficAsync()
    {
        await _stopping.CancelAsync();
        await _traffic;
    }

    public async ValueTask DisposeAsync()
    {
        await StopTrafficAsync();
        foreach (IAsyncDisposable part in _parts)
        {
            await part.DisposeAsync();
        }

        _client.Dispose();
        _stopping.Dispose();
    }

    private async Task StartAsync(string program, string bootstraps, AdminClient admin, string socket, string folder, CancellationToken cancellation)
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        WebApplication app = builder.Build();
        _parts.Add(app);
        app.Run(http => http.Response.WriteAsync(http.Request.Path.Value ?? ""));
        await app.StartAsync(cancellation);

        int[] ports = FreePorts(4);
        string domain = $"spiffe://{ResourceName.Id(await admin.ParentAsync())}/demo";
        Dictionary<string, string> server = await ValuesAsync(admin, "envoy-server", $"{domain}/envoy-server", $"{domain}/envoy-client", ports[0], socket);
        (server["app-port"], server["listen-address"], server["listen-port"]) = ($"{new Uri(app.Urls.Single()).Port}", "127.0.0.1", $"{ports[1]}");
        Dictionary<string, string> client = await ValuesAsync(admin, "envoy-client", $"{domain}/envoy-client", $"{domain}/envoy-server", ports[2], socket);
        (client["peer-host"], client["peer-port"], client["listen-port"]) = ("127.0.0.1", $"{ports[1]}", $"{ports[3]}");
        foreach ((string name, string file, Dictionary<string, string> values) in new[] { ("envoy-server", "server-delta.yaml", server), ("envoy-client", "client-sotw.yaml", client) })
        {
            string bootstrap = EnvoyBootstrap.Fill(await File.ReadAllTextAsync(Path.Combine(bootstraps, file), cancellation), values);
            EnvoyProcess envoy = await EnvoyProcess.StartAsync(program, name, bootstrap, folder);
            _envoys.Add(envoy);
            _parts.Add(envoy);
        }

        _entrance = new Uri($"http://127.0.0.1:{ports[3]}/");
        await WhenServingAsync(cancellation);
    }

    private static async Task<Dictionary<string, string>> ValuesAsync(AdminClient admin, string name, string spiffeId, string peer, int adminPort, string socket)
    {
        CreateTokenResponse token = await admin.CallAsync(AdminMethods.CreateToken, new CreateTokenRequest
        {
            Parent = await admin.ParentAsync(), SpiffeId = spiffeId, DisplayName = name, Ttl = TimeSpan.FromHours(1).ToDuration(), Reason = "sdsctl demo",
        });
        return new()
        {
            ["node-id"] = name, ["node-cluster"] = name, ["admin-port"] = $"{adminPort}", ["sds-socket"] = socket, ["token"] = $"Bearer {token.Secret}", ["peer-spiffe-id"] = peer,
        };
    }

    private async Task WhenServingAsync(CancellationToken cancellation)
    {
        long begun = _time.GetTimestamp();
        while (await TryAsync("/ready", cancellation) is { } error)
        {
            ThrowIfExited();
            if (_time.GetElapsedTime(begun) > s_limit)
            {
                throw new CliException(ExitCodes.Failure, $"the pair of Envoys did not serve within {s_limit.TotalSeconds:0} s: {error}");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(200), _time, cancellation);
        }
    }

    private async Task RunAsync()
    {
        while (!_stopping.IsCancellationRequested)
        {
            string path = $"/{Requests + 1}";
            string? error = await TryAsync(path, _stopping.Token);
            if (_stopping.IsCancellationRequested)
            {
                return;
            }

            Interlocked.Increment(ref _requests);
            if (error is not null)
            {
                Interlocked.Increment(ref _failed);
                Interlocked.CompareExchange(ref _firstFailure, $"{_time.GetUtcNow():HH:mm:ss.fff} request {path}: {error}", null);
            }

            await Task.Delay(s_pause, _time, _stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task<string?> TryAsync(string path, CancellationToken cancellation)
    {
        try
        {
            string answer = await _client.GetStringAsync(new Uri(_entrance, path), cancellation);
            return answer == path ? null : $"the answer is '{answer}'";
        }
        catch (Exception error) when (error is HttpRequestException or OperationCanceledException)
        {
            return error.Message;
        }
    }

    // Held together until all are known, so that they differ; another program could still take one in between.
    private static int[] FreePorts(int count)
    {
        List<TcpListener> listeners = [.. Enumerable.Range(0, count).Select(_ => new TcpListener(IPAddress.Loopback, 0))];
        listeners.ForEach(listener => listener.Start());
        int[] ports = [.. listeners.Select(listener => ((IPEndPoint)listener.LocalEndpoint).Port)];
        listeners.ForEach(listener => listener.Dispose());
        return ports;
    }
}
