using SdsServer.Testing;

namespace SdsServer.Grpc.Tests.RealPrograms;

/// <summary>gRPC's C core. On a Unix socket it sends the percent-coded path as :authority, which Kestrel alone refuses.</summary>
public sealed class GrpcioClientTests
{
    [GrpcioFact]
    public async Task Passes_in_plaintext()
    {
        await using TestServer server = await TestServer.StartAsync();
        await PassAsync(server, $"127.0.0.1:{server.Address.Port}");
    }

    [GrpcioFact]
    public async Task Passes_on_a_Unix_socket()
    {
        await using TestServer server = await TestServer.StartAsync();
        await PassAsync(server, $"unix:{server.SocketPath}");
    }

    private static async Task PassAsync(TestServer server, string target)
    {
        string script = Path.Combine(RepositoryRoot.Path, "tests", "SdsServer.Grpc.Tests", "RealPrograms", "grpcio.py");
        (int exitCode, string output) = await RealProgram.RunAsync(GrpcioFactAttribute.Python!, [script, target], TimeSpan.FromSeconds(60));
        Assert.True(exitCode == 0, $"{output}\n{string.Join('\n', server.Log.Lines)}");
    }
}
