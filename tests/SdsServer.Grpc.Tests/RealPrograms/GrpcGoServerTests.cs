using System.Net;
using System.Net.Sockets;
using SdsServer.Grpc.Client;
using SdsServer.Grpc.Tests.Interop;
using SdsServer.Testing;

namespace SdsServer.Grpc.Tests.RealPrograms;

/// <summary>Our client against grpc-go's interop server.</summary>
public sealed class GrpcGoServerTests
{
    [RealProgramFact("grpc-interop-server")]
    public async Task Passes_in_plaintext()
    {
        int port = FreePort();
        await using RealProgram server = RealProgram.Start("grpc-interop-server", [$"--port={port}", "--use_tls=false"]);
        await PassAllAsync(server, $"http://127.0.0.1:{port}", new GrpcChannelOptions());
    }

    [RealProgramFact("grpc-interop-server")]
    public async Task Passes_with_TLS()
    {
        int port = FreePort();
        using TestCertificate certificate = new();
        await using RealProgram server = RealProgram.Start(
            "grpc-interop-server",
            [$"--port={port}", "--use_tls=true", $"--tls_cert_file={certificate.CertificateFile}", $"--tls_key_file={certificate.KeyFile}"]);
        await PassAllAsync(server, $"https://127.0.0.1:{port}", new GrpcChannelOptions { Tls = InteropClientTests.Trusting(certificate.Certificate) });
    }

    // Both sides' timers run out together; whoever is first, the status is the same.
    [RealProgramFact("grpc-interop-server")]
    public async Task A_deadline_is_a_deadline_on_whichever_side_it_fires()
    {
        int port = FreePort();
        await using RealProgram server = RealProgram.Start("grpc-interop-server", [$"--port={port}", "--use_tls=false"]);
        using GrpcChannel channel = GrpcChannel.ForAddress($"http://127.0.0.1:{port}");
        await ReadyAsync(server, channel);
        for (int round = 0; round < 200; round++)
        {
            await InteropClient.Cases["timeout_on_sleeping_server"](channel).InTime();
        }
    }

    private static async Task PassAllAsync(RealProgram server, string address, GrpcChannelOptions options)
    {
        using GrpcChannel channel = GrpcChannel.ForAddress(address, options);
        await ReadyAsync(server, channel);
        foreach ((string name, Func<GrpcChannel, Task> run) in InteropClient.Cases)
        {
            Exception? error = await Record.ExceptionAsync(() => run(channel).WaitAsync(TimeSpan.FromSeconds(90)));
            Assert.True(error is null, $"{name}: {error}\n{server.Output}");
        }
    }

    private static async Task ReadyAsync(RealProgram server, GrpcChannel channel)
    {
        using CancellationTokenSource late = new(TimeSpan.FromSeconds(90));
        while (true)
        {
            try
            {
                await channel.UnaryAsync(InteropClient.EmptyCall, new(), new CallOptions(CancellationToken: late.Token));
                return;
            }
            catch (RpcException error) when (error.StatusCode == StatusCode.Unavailable && !server.HasExited)
            {
                await Task.Delay(50, late.Token);
            }
        }
    }

    private static int FreePort()
    {
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
