using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using SdsServer.Hosting;
using SdsServer.Limits;
using SdsServer.Testing;
using SdsServer.Testing.Processes;
using SdsServer.Tests.Admin;
using SdsServer.Tests.Limits;

namespace SdsServer.Tests.Hosting;

/// <summary>The sockets as the process opens them.</summary>
public sealed class ListenerTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new("sdsserver-listeners");
    private readonly TurnedClock _time = new();

    private string SocketPath => Path.Combine(_directory.Path, "sds.sock");

    private string ChainFile => Path.Combine(_directory.Path, "chain.pem");

    private string KeyFile => Path.Combine(_directory.Path, "key.pem");

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void A_socket_has_its_mode_before_anybody_can_connect()
    {
        ServerSettings settings = Settings(options => options.Admin.SocketMode = "0600");
        using Socket bound = Listeners.Bind(new UnixDomainSocketEndPoint(settings.AdminSocket), settings);
        using Socket early = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);

        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(settings.AdminSocket));
        Assert.Throws<SocketException>(() => early.Connect(new UnixDomainSocketEndPoint(settings.AdminSocket)));
    }

    [Fact]
    public void The_socket_of_a_server_that_was_killed_is_replaced()
    {
        // A path given to the kernel directly stays when the socket is closed, as after a kill.
        using (System.Diagnostics.Process left = System.Diagnostics.Process.Start(
            "python3", ["-c", $"import socket; s = socket.socket(socket.AF_UNIX); s.bind('{SocketPath}')"]))
        {
            left.WaitForExit();
        }

        Assert.True(File.Exists(SocketPath));
        using Socket bound = Listeners.Bind(new UnixDomainSocketEndPoint(SocketPath), Settings());
    }

    [Fact]
    public void The_socket_of_a_server_that_lives_is_not_taken_away()
    {
        using Socket other = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        other.Bind(new UnixDomainSocketEndPoint(SocketPath));
        other.Listen();

        IOException error = Assert.Throws<IOException>(() => Listeners.Bind(new UnixDomainSocketEndPoint(SocketPath), Settings()));

        Assert.Contains("another process listens", error.Message, StringComparison.Ordinal);
        using Socket client = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        client.Connect(new UnixDomainSocketEndPoint(SocketPath));
    }

    [Fact]
    public void A_file_at_the_path_of_a_socket_is_left_as_it_is()
    {
        File.WriteAllText(SocketPath, "precious");

        Assert.Throws<IOException>(() => Listeners.Bind(new UnixDomainSocketEndPoint(SocketPath), Settings()));

        Assert.Equal("precious", File.ReadAllText(SocketPath));
    }

    [Fact]
    public async Task Tls_presents_the_intermediates_and_what_was_renewed()
    {
        WriteCertificate("first");
        ServerSettings settings = Settings(options =>
        {
            (options.Xds.Tcp, options.Xds.CertificateFile, options.Xds.KeyFile) = ("127.0.0.1:0", ChainFile, KeyFile);
            options.Xds.Socket = "none";
        });
        ServingCertificate certificate = new(ChainFile, KeyFile, _time, NullLogger.Instance);
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseListeners(settings, certificate, new ConnectionGate(settings.Connections, _time, NullLogger.Instance));
        await using WebApplication app = builder.Build();
        await app.StartAsync();
        int port = new Uri(app.Services.GetRequiredService<IServer>().Features.GetRequiredFeature<IServerAddressesFeature>()
            .Addresses.Single(address => !address.Contains("unix:", StringComparison.Ordinal))).Port;

        Assert.Equal(["CN=first", "CN=intermediate"], await ShakeHandsAsync(port));
        WriteCertificate("second");
        _time.Turn(TimeSpan.FromMinutes(1));
        Assert.Equal(["CN=second", "CN=intermediate"], await ShakeHandsAsync(port));
        File.WriteAllText(KeyFile, "half written");
        _time.Turn(TimeSpan.FromMinutes(1));
        Assert.Equal(["CN=second", "CN=intermediate"], await ShakeHandsAsync(port));
    }

    [Fact]
    public void A_key_that_others_may_read_is_refused_at_the_start_and_when_it_changes()
    {
        WriteCertificate("first");
        ServingCertificate certificate = new(ChainFile, KeyFile, _time, NullLogger.Instance);
        WriteCertificate("second");
        File.SetUnixFileMode(KeyFile, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.OtherRead);
        _time.Turn(TimeSpan.FromMinutes(1));

        Assert.Equal("CN=first", certificate.Current.Context.TargetCertificate.Subject);
        string error = Assert.Throws<UnauthorizedAccessException>(() => new ServingCertificate(ChainFile, KeyFile, _time, NullLogger.Instance)).Message;
        Assert.StartsWith($"the private key '{KeyFile}' has mode 0604", error, StringComparison.Ordinal);
        File.SetUnixFileMode(KeyFile, UnixFileMode.UserRead);
        _time.Turn(TimeSpan.FromMinutes(1));
        Assert.Equal("CN=second", certificate.Current.Context.TargetCertificate.Subject);
    }

    [Fact]
    public async Task Strangers_are_counted_where_proxies_connect_and_not_where_operators_do()
    {
        ServerSettings settings = Settings(options => options.Connections = new ConnectionLimits { UnidentifiedPerAddress = 1 });
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseListeners(settings, certificate: null, new ConnectionGate(settings.Connections, TimeProvider.System, NullLogger.Instance));
        await using WebApplication app = builder.Build();
        await app.StartAsync();

        using Socket first = await GreetAsync(settings.XdsSocket!);
        Assert.True(await IsAnsweredAsync(first));
        using Socket second = await GreetAsync(settings.XdsSocket!);
        Assert.False(await IsAnsweredAsync(second));
        using Socket operatorsFirst = await GreetAsync(settings.AdminSocket), operatorsSecond = await GreetAsync(settings.AdminSocket);
        Assert.True(await IsAnsweredAsync(operatorsFirst));
        Assert.True(await IsAnsweredAsync(operatorsSecond));
    }

    // Both may have port 0, which is the same address.
    [Fact]
    public async Task Strangers_to_operators_are_counted_apart_and_keep_no_proxy_out()
    {
        WriteCertificate("server");
        ServerSettings settings = Settings(options =>
        {
            (options.Xds.Tcp, options.Xds.CertificateFile, options.Xds.KeyFile) = ("127.0.0.1:0", ChainFile, KeyFile);
            (options.Admin.Tcp, options.Admin.CertificateFile, options.Admin.KeyFile, options.Admin.ClientCaFile) = ("127.0.0.1:0", ChainFile, KeyFile, ChainFile);
            options.Admin.Roles.Add(new() { SpiffeId = "spiffe://example.org/ops", Role = "viewer" });
            options.Connections = new ConnectionLimits { UnidentifiedPerAddress = 1 };
        });
        ServingCertificate certificate = new(ChainFile, KeyFile, _time, NullLogger.Instance);
        ConnectionGate gate = new(settings.Connections, TimeProvider.System, NullLogger.Instance), operators = new(settings.Connections, TimeProvider.System, NullLogger.Instance);
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseListeners(settings, certificate, gate, new AdminTls(certificate, null!, operators, _time));
        await using WebApplication app = builder.Build();
        await app.StartAsync();
        int[] ports = [.. app.Services.GetRequiredService<IServer>().Features.GetRequiredFeature<IServerAddressesFeature>()
            .Addresses.Where(address => !address.Contains("unix:", StringComparison.Ordinal)).Select(address => new Uri(address).Port)];

        using TcpClient first = new(), second = new();
        await first.ConnectAsync(IPAddress.Loopback, ports[^1]);
        await AdminHost.UntilAsync("the first to be counted", () => operators.Unidentified == 1);
        await second.ConnectAsync(IPAddress.Loopback, ports[^1]);
        await ReadToEndAsync(second.Client);
        Assert.Equal((1, 0), (operators.Unidentified, gate.Unidentified));
        Assert.Equal(["CN=server", "CN=intermediate"], await ShakeHandsAsync(ports[0]));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_flood_is_cut_on_each_listener_of_proxies_also_under_TLS(bool underTls)
    {
        WriteCertificate("server");
        ServerSettings settings = Settings(options => (options.Xds.Tcp, options.Xds.CertificateFile, options.Xds.KeyFile) = ("127.0.0.1:0", ChainFile, KeyFile));
        ServingCertificate certificate = new(ChainFile, KeyFile, _time, NullLogger.Instance);
        CapturedLog log = new();
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseListeners(settings, certificate, new ConnectionGate(settings.Connections, TimeProvider.System, log));
        await using WebApplication app = builder.Build();
        await app.StartAsync();
        int port = new Uri(app.Services.GetRequiredService<IServer>().Features.GetRequiredFeature<IServerAddressesFeature>()
            .Addresses.Single(address => !address.Contains("unix:", StringComparison.Ordinal))).Port;

        using Socket socket = new(underTls ? AddressFamily.InterNetwork : AddressFamily.Unix, SocketType.Stream, underTls ? ProtocolType.Tcp : ProtocolType.Unspecified);
        await socket.ConnectAsync(underTls ? new IPEndPoint(IPAddress.Loopback, port) : new UnixDomainSocketEndPoint(settings.XdsSocket!));
        await using NetworkStream plain = new(socket);
        await using SslStream tls = new(plain, false, (_, leaf, _, _) => leaf!.Subject == "CN=server");
        if (underTls)
        {
            await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = "localhost", ApplicationProtocols = [SslApplicationProtocol.Http2] });
        }

        Stream stream = underTls ? tls : plain;
        byte[] buffer = new byte[4096];
        try
        {
            await stream.WriteAsync(new Frames().Settings().Repeat(200, (frames, id) => frames.Headers(id).Reset(id)).Bytes);
            while (await stream.ReadAsync(buffer) > 0)
            {
            }
        }
        catch (IOException)
        {
            // It is cut before all has been written, or after.
        }

        Assert.Contains("CVE-2023-44487", Assert.Single(log.Lines, line => line.Id == 7003).Text, StringComparison.Ordinal);
    }

    private static async Task<Socket> GreetAsync(string path)
    {
        Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(path));
        try
        {
            await socket.SendAsync("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0"u8.ToArray());
        }
        catch (SocketException)
        {
            // Closed already.
        }

        return socket;
    }

    private static async Task<bool> IsAnsweredAsync(Socket socket)
    {
        try
        {
            return await socket.ReceiveAsync(new byte[64]) > 0;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private static async Task ReadToEndAsync(Socket socket)
    {
        while (await IsAnsweredAsync(socket))
        {
        }
    }

    private ServerSettings Settings(Action<ServerOptions>? change = null)
    {
        ServerOptions options = new() { DataDirectory = _directory.Path };
        change?.Invoke(options);
        return ServerSettings.From(options);
    }

    private static async Task<string[]> ShakeHandsAsync(int port)
    {
        string[] presented = [];
        using TcpClient client = new();
        await client.ConnectAsync(IPAddress.Loopback, port);
        await using SslStream tls = new(client.GetStream(), false, (_, leaf, chain, _) =>
        {
            presented = [leaf!.Subject, .. chain!.ChainPolicy.ExtraStore.Select(certificate => certificate.Subject).Where(subject => subject != leaf.Subject)];
            return true;
        });
        await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = "localhost", ApplicationProtocols = [SslApplicationProtocol.Http2] });
        Assert.Equal(SslApplicationProtocol.Http2, tls.NegotiatedApplicationProtocol);
        return presented;
    }

    private void WriteCertificate(string name)
    {
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        using ECDsa rootKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using ECDsa middleKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using X509Certificate2 root = Request("root", rootKey, isAuthority: true).CreateSelfSigned(now.AddHours(-1), now.AddDays(1));
        using X509Certificate2 middle = Request("intermediate", middleKey, isAuthority: true)
            .Create(root, now.AddHours(-1), now.AddHours(2), RandomNumberGenerator.GetBytes(8)).CopyWithPrivateKey(middleKey);
        using X509Certificate2 leaf = Request(name, key, isAuthority: false).Create(middle, now.AddMinutes(-1), now.AddHours(1), RandomNumberGenerator.GetBytes(8));
        File.WriteAllText(ChainFile, leaf.ExportCertificatePem() + "\n" + middle.ExportCertificatePem());
        _directory.WritePrivate("key.pem", key.ExportPkcs8PrivateKeyPem());
    }

    private static CertificateRequest Request(string name, ECDsa key, bool isAuthority)
    {
        CertificateRequest request = new($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(isAuthority, false, 0, true));
        return request;
    }

    /// <summary>The system's clock, turned ahead by hand.</summary>
    private sealed class TurnedClock : TimeProvider
    {
        private long _ahead;

        public void Turn(TimeSpan by) => Interlocked.Add(ref _ahead, (long)(by.TotalSeconds * System.TimestampFrequency));

        public override long GetTimestamp() => System.GetTimestamp() + Interlocked.Read(ref _ahead);
    }
}
