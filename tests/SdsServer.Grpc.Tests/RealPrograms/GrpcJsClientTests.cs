using SdsServer.Testing;

namespace SdsServer.Grpc.Tests.RealPrograms;

/// <summary>@grpc/grpc-js against our server; every case with plain and with gzip-compressed requests.</summary>
public sealed class GrpcJsClientTests
{
    private static readonly string s_folder = Path.Combine(RepositoryRoot.Path, "tests", "SdsServer.Grpc.Tests", "grpc-js");

    [RealProgramFact("node", "npm")]
    public async Task Passes_in_plaintext()
    {
        await using TestServer server = await TestServer.StartAsync();
        await PassAsync(server, $"127.0.0.1:{server.Address.Port}");
    }

    [RealProgramFact("node", "npm")]
    public async Task Passes_on_a_Unix_socket()
    {
        await using TestServer server = await TestServer.StartAsync();
        await PassAsync(server, $"unix:{server.SocketPath}");
    }

    [RealProgramFact("node", "npm")]
    public async Task Passes_with_TLS()
    {
        using TestCertificate certificate = new();
        await using TestServer server = await TestServer.StartAsync(certificate: certificate.Certificate);
        await PassAsync(server, $"localhost:{server.Address.Port}", certificate.CertificateFile);
    }

    private static async Task PassAsync(TestServer server, params string[] arguments)
    {
        if (!Directory.Exists(Path.Combine(s_folder, "node_modules")))
        {
            (int installed, string installing) = await RealProgram.RunAsync("npm", ["ci", "--no-audit", "--no-fund"], TimeSpan.FromMinutes(3), s_folder);
            Assert.True(installed == 0, $"npm ci: {installing}");
        }

        (int exitCode, string output) = await RealProgram.RunAsync("node", ["interop.js", .. arguments], TimeSpan.FromSeconds(60), s_folder);
        Assert.True(exitCode == 0, $"{output}\n{string.Join('\n', server.Log.Lines)}");
        Assert.Contains("passed 11 cases", output, StringComparison.Ordinal);
    }
}
