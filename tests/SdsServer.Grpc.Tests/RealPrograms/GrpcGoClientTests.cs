using SdsServer.Testing;

namespace SdsServer.Grpc.Tests.RealPrograms;

/// <summary>grpc-go's interop client against our server.</summary>
public sealed class GrpcGoClientTests
{
    // All it has that need no Google cloud and no load-report extension.
    public static TheoryData<string> Cases =>
    [
        "empty_unary", "large_unary", "client_streaming", "server_streaming", "ping_pong", "empty_stream", "timeout_on_sleeping_server",
        "cancel_after_begin", "cancel_after_first_response", "status_code_and_message", "special_status_message", "custom_metadata",
        "unimplemented_method", "unimplemented_service", "pick_first_unary",
    ];

    [RealProgramTheory("grpc-interop-client")]
    [MemberData(nameof(Cases))]
    public async Task Passes_in_plaintext(string testCase)
    {
        await using TestServer server = await TestServer.StartAsync();
        await PassAsync(server, testCase, "--use_tls=false");
    }

    [RealProgramTheory("grpc-interop-client")]
    [MemberData(nameof(Cases))]
    public async Task Passes_with_TLS(string testCase)
    {
        using TestCertificate certificate = new();
        await using TestServer server = await TestServer.StartAsync(certificate: certificate.Certificate);
        await PassAsync(server, testCase, "--use_tls=true", "--use_test_ca=true", $"--ca_file={certificate.CertificateFile}", "--server_host_override=localhost");
    }

    private static async Task PassAsync(TestServer server, string testCase, params string[] security)
    {
        (int exitCode, string output) = await RealProgram.RunAsync(
            "grpc-interop-client",
            ["--server_host=127.0.0.1", $"--server_port={server.Address.Port}", $"--test_case={testCase}", .. security],
            TimeSpan.FromSeconds(60));
        Assert.True(exitCode == 0, $"{testCase}: exit code {exitCode}\n{output}\n{string.Join('\n', server.Log.Lines)}");
    }
}
