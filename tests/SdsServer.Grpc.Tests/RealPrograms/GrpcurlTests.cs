using SdsServer.Testing;

namespace SdsServer.Grpc.Tests.RealPrograms;

/// <summary>grpcurl, which knows nothing of our services but what reflection tells it.</summary>
public sealed class GrpcurlTests
{
    [RealProgramFact("grpcurl")]
    public async Task Lists_and_describes()
    {
        await using TestServer server = await TestServer.StartAsync();
        Assert.Equal(
            "grpc.health.v1.Health\ngrpc.reflection.v1.ServerReflection\ngrpc.reflection.v1alpha.ServerReflection\ngrpc.testing.TestService\n",
            await RunAsync(server, "list"));
        Assert.Contains("rpc FullDuplexCall ( stream .grpc.testing.StreamingOutputCallRequest )", await RunAsync(server, "describe", "grpc.testing.TestService"), StringComparison.Ordinal);
        Assert.Contains("message ResponseParameters {", await RunAsync(server, "describe", "grpc.testing.ResponseParameters"), StringComparison.Ordinal);
        Assert.Contains("SERVICE_UNKNOWN = 3;", await RunAsync(server, "describe", "grpc.health.v1.HealthCheckResponse.ServingStatus"), StringComparison.Ordinal);
    }

    [RealProgramFact("grpcurl")]
    public async Task Calls_a_stream()
    {
        await using TestServer server = await TestServer.StartAsync();
        string output = await RunAsync(
            server, "-d", """{"responseParameters":[{"size":3},{"size":1}]} {"responseParameters":[{"size":2}]}""", "grpc.testing.TestService/FullDuplexCall");
        Assert.Equal(["AAAA", "AA==", "AAA="], output.Split('"').Where(text => text.StartsWith("AA", StringComparison.Ordinal)));
    }

    [RealProgramFact("grpcurl")]
    public async Task Checks_health_on_the_Unix_socket()
    {
        await using TestServer server = await TestServer.StartAsync();
        (int exitCode, string output) = await RealProgram.RunAsync(
            "grpcurl", ["-plaintext", "-unix", server.SocketPath, "grpc.health.v1.Health/Check"], TimeSpan.FromSeconds(90));
        Assert.True(exitCode == 0, output);
        Assert.Contains("SERVING", output, StringComparison.Ordinal);
    }

    [RealProgramFact("grpcurl")]
    public async Task Shows_a_status()
    {
        await using TestServer server = await TestServer.StartAsync();
        (int exitCode, string output) = await RealProgram.RunAsync(
            "grpcurl", ["-plaintext", "-d", """{"service":"nope"}""", $"127.0.0.1:{server.Address.Port}", "grpc.health.v1.Health/Check"], TimeSpan.FromSeconds(90));
        Assert.Equal(64 + 5, exitCode);
        Assert.Contains("NotFound", output, StringComparison.Ordinal);
    }

    private static async Task<string> RunAsync(TestServer server, params string[] arguments)
    {
        // Options go before the address, the rest after it.
        string[] options = arguments is ["-d", ..] ? arguments[..2] : [];
        (int exitCode, string output) = await RealProgram.RunAsync(
            "grpcurl", ["-plaintext", .. options, $"127.0.0.1:{server.Address.Port}", .. arguments[options.Length..]], TimeSpan.FromSeconds(90));
        Assert.True(exitCode == 0, $"{output}\n{string.Join('\n', server.Log.Lines)}");
        return output;
    }
}
